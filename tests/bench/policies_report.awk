# SPDX-License-Identifier: GPL-2.0-or-later
# samples "KIND NAME NS" -> table on stdout and json

{
	k = $1 " " $2
	if (!(k in n))
		order[++rows] = k
	value[k, ++n[k]] = $3 + 0
}

function sort(k,	i, j, v) {
	for (i = 2; i <= n[k]; i++) {
		v = value[k, i]
		for (j = i - 1; j > 0 && value[k, j] > v; j--)
			value[k, j + 1] = value[k, j]
		value[k, j + 1] = v
	}
}

function median(k) {
	return n[k] % 2 ? value[k, (n[k] + 1) / 2] : (value[k, n[k] / 2] + value[k, n[k] / 2 + 1]) / 2
}

function least(k) {
	return value[k, 1]
}

function show(k, base,	name) {
	name = k
	sub(/^[^ ]* /, "", name)
	printf "  %-42s %12.1f %12s", name, median(k), sprintf("(%.1f)", least(k))
	if (base != "" && base in n && base != k)
		printf " %10.1f %10s", median(k) - median(base), sprintf("(%.1f)", least(k) - least(base))
	printf "\n"
}

function ratio(text, a, b, base) {
	if (!(a in n) || !(b in n))
		return
	printf "%-62s %6.2f %8s", text, median(a) / median(b), sprintf("(%.2f)", least(a) / least(b))
	if (base != "")
		printf "   beyond allow: %s", (least(b) > least(base) ? sprintf("(%.2f)", (least(a) - least(base)) / (least(b) - least(base))) : "-")
	printf "\n"
}

END {
	for (i = 1; i <= rows; i++)
		sort(order[i])
	printf "Policies, ns per packet, median of %d (least)%18s\n", rounds, "beyond allow"
	for (i = 1; i <= rows; i++)
		if (order[i] ~ /^run/)
			show(order[i], "run allow")
	printf "On veth, from one end through the filter on the other, ns per packet\n"
	for (i = 1; i <= rows; i++)
		if (order[i] ~ /^wire/)
			show(order[i], order[i] ~ /nft/ ? "wire nft0" : "wire drop")
	ratio("acl, 10,000 rules to 10, test run; goal at most 1.5", "run acl10000", "run acl10", "run allow")
	ratio("acl, 10,000 rules to 10, on veth", "wire acl10000", "wire acl10", "")
	ratio("nftables to acl, 10,000 rules, on veth; goal at least 3", "wire nft10000", "wire acl10000", "")
	ratio("nftables to acl, 1,000 rules, on veth", "wire nft1000", "wire acl1000", "")
	ratio("nftables with one set of 10,000 to acl's list, on veth", "wire nftset10000", "wire acl10000", "")
	ratio("xdp-filter with 256 addresses to acl, 10,000 rules, on veth", "wire xdp-filter", "wire acl10000", "")
	printf "{\n" >json
	for (i = 1; i <= rows; i++)
		printf "  \"%s\": { \"median_ns\": %.2f, \"least_ns\": %.2f }%s\n", order[i], median(order[i]), least(order[i]), i < rows ? "," : "" >json
	printf "}\n" >json
}
