# SPDX-License-Identifier: GPL-2.0-or-later
#
# samples, symbols, blocks (kernel_plugin.c) -> for each row: what its instructions were for, which functions they were in, how
# often those were called for each frame, and by whom. Addresses are compared as strings of 16 hex digits: awk's numbers do not hold them.

BEGIN { TOP = 30 }

# samples: which section is which row
FILENAME == ARGV[1] {
	split($4, eq, "=")
	name_of[eq[2]] = $2 " " $3
	setup_of[eq[2]] = $3
	next
}

# symbols: the kernel and its modules in each setup, BPF programs in each section
FILENAME == ARGV[2] {
	gsub(/\r/, "")
	if ($1 == "setup" || $1 == "section") {
		list = $1 " " $2
		n[list] = 0
	} else if ($1 ~ /^[0-9a-f]+$/ && length($1) == 16) {
		i = ++n[list]
		address[list, i] = $1
		symbol[list, i] = $2
	}
	next
}

# blocks: first of a section
$1 == "section" {
	if (current != "")
		report()
	current = $2
	setup = "setup " setup_of[current]
	programs = "section " current
	sort_once("setup kernel")
	sort_once(setup)
	sort_once(programs)
	split("", cache)
	total = $3
	split("", own); split("", times); split("", callers); split("", by)
	next
}

$1 == "block" {
	own[function_at($2)] += $3
	next
}

$1 == "call" {
	from = function_at($2)
	to = function_at($3)
	times[to] += $4
	by[to, from] += $4
	callers[to] = callers[to] SUBSEP from
	next
}

function swap(s, i, j,	t) {
	t = address[s, i]; address[s, i] = address[s, j]; address[s, j] = t
	t = symbol[s, i]; symbol[s, i] = symbol[s, j]; symbol[s, j] = t
}

function sort_once(list) {
	if (!sorted[list]++)
		sort_symbols(list, 1, n[list])
}

# Quicksort, the longer part by iteration: lists are mostly sorted, so the middle is the pivot.
function sort_symbols(s, lo, hi,	i, j, pivot) {
	while (lo < hi) {
		pivot = address[s, int((lo + hi) / 2)] ""
		i = lo
		j = hi
		while (i <= j) {
			while (address[s, i] "" < pivot)
				i++
			while (address[s, j] "" > pivot)
				j--
			if (i <= j)
				swap(s, i++, j--)
		}
		if (j - lo < hi - i) {
			sort_symbols(s, lo, j)
			lo = i
		} else {
			sort_symbols(s, i, hi)
			hi = j
		}
	}
}

# The last symbol at or before an address, as a place in its list.
function place(list, a,	lo, hi, mid) {
	lo = 1
	hi = n[list]
	if (!hi || a "" < address[list, 1] "")
		return 0
	while (lo < hi) {
		mid = int((lo + hi + 1) / 2)
		if (address[list, mid] "" <= a "")
			lo = mid
		else
			hi = mid - 1
	}
	return lo
}

# The nearest of all lists.
function function_at(a,	list, i, j, at, name) {
	if (a in cache)
		return cache[a]
	if (a "" < "ffff800000000000")
		return cache[a] = "(user space)"
	list[1] = "setup kernel"
	list[2] = setup
	list[3] = programs
	name = a
	for (i = 1; i <= 3; i++)
		if ((j = place(list[i], a)) && address[list[i], j] "" > at "") {
			at = address[list[i], j]
			name = symbol[list[i], j]
		}
	return cache[a] = name
}

# Who called f, most often first.
function who(f, frames,	list, m, i, shown, t, text, done) {
	m = split(callers[f], list, SUBSEP)
	split("", done)
	for (shown = 0; shown < 3; shown++) {
		t = ""
		for (i = 2; i <= m; i++)
			if (!(list[i] in done) && (t == "" || by[f, list[i]] > by[f, t]))
				t = list[i]
		if (t == "" || by[f, t] < 0.005 * frames)
			break
		done[t] = 1
		text = text sprintf("%s%s %.2f", shown ? ", " : "", t, by[f, t] / frames)
	}
	return text
}

# What a function is for. The kernel has no such list, so this goes by names.
function kind_of(f) {
	if (f ~ /^\(/)
		return "driver in user space"
	if (f ~ /\[vhost_xdp\]$/)
		return "vhost_xdp"
	if (f ~ /\[(vhost|vhost_net|vhost_iotlb|tun|tap)\]$/)
		return "vhost_net and tap"
	if (f ~ /\[bpf\]$/)
		return "XDP and tc programs"
	if (f ~ /htab_|lookup_elem|lookup_nulls|array_map|^memcmp/)
		return "their map look-ups"
	if (f ~ /test_run|page_pool_refill/)
		return "generator"
	if (f ~ /clear_page|alloc_pages|free_unref|rmqueue|free_pages|free_frozen|page_frag|page_pool|folio|pfnblock|get_page|put_page/ ||
	    f ~ /kmem_cache|slab|kfree|kmalloc/)
		return "pages and slabs"
	if (f ~ /copy|rep_movs|memcpy|memset|check_object|virt_addr_valid|iov_iter|check_stack|is_vmalloc/)
		return "copies and their checks"
	if (f ~ /xsk|^xp_/)
		return "AF_XDP"
	if (f ~ /eventfd|vfs_|ksys_|syscall|entry_SYS|_fdget|fdget|rw_verify|security_file/)
		return "system calls"
	if (f ~ /schedule|psi_|task|ttwu|wake|switch|_rq|sched|load_avg|plist|pick_|rcu_note|swait|set_next|put_prev|timer|tick|hrtimer/)
		return "scheduler and timers"
	if (f ~ /\[veth\]$|xdp|dev_map|dev_hash|bq_|napi|net_rx_action|softirq/)
		return "veth, NAPI and redirect"
	return "skbs and other networking"
}

function kinds(frames,	f, k, sum, best, done) {
	split("", sum); split("", done)
	for (f in own)
		sum[kind_of(f)] += own[f]
	do {
		best = ""
		for (k in sum)
			if (!(k in done) && (best == "" || sum[k] > sum[best]))
				best = k
		if (best != "" && sum[best] >= 0.5 * frames)
			printf "%9.0f %6.2f  %s\n", sum[best] / frames, 100 * sum[best] / total, best
		done[best] = 1
	} while (best != "")
}

function report(	f, best, i, done, frames, sum) {
	if (!(current in name_of) || name_of[current] ~ /^(check|idle)|latency/)
		return
	frames = FRAMES
	printf "== %s: %.0f instructions a frame, in all\n", name_of[current], total / frames
	kinds(frames)
	printf "%9s %6s %8s  %-44s %s\n", "insns", "%", "calls", "function", "called by, times a frame"
	split("", done)
	for (i = 1; i <= TOP; i++) {
		best = ""
		for (f in own)
			if (!(f in done) && (best == "" || own[f] > own[best]))
				best = f
		if (best == "")
			break
		done[best] = 1
		sum += own[best]
		printf "%9.1f %6.2f %8.3f  %-44s %s\n", own[best] / frames, 100 * own[best] / total, times[best] / frames, best,
			who(best, frames)
	}
	printf "%9.1f %6.2f %8s  %s\n\n", (total - sum) / frames, 100 * (total - sum) / total, "", "all others"
}

END {
	if (current != "")
		report()
}
