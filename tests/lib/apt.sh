# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Packages of any Debian suite, downloaded and unpacked below build/ and never installed: apt works on lists and an
# (empty) status of its own, so it resolves what is needed and verifies what it gets, and this machine stays as it is.
# Packages come from where this machine's own do. Needs tests/lib/common.sh.

VX_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The lines of a sources list for SUITE, and for what it builds upon.
apt_sources() {
	local suite=$1 code uri release component mirror='' own=''
	code=$(. /etc/os-release && echo "${VERSION_CODENAME-}")
	# without information of releases: a machine may have no lists yet
	while IFS='|' read -r uri release component; do
		[ "$component" = main ] || continue
		case $release in
		"$code") mirror=$uri ;;
		"$code"-updates | "$code"-security) ;;
		*) continue ;;
		esac
		own+="deb [signed-by=$apt_keyring] $uri $release main"$'\n'
	done < <(apt-get indextargets --no-release-info --format "\$(REPO_URI)|\$(RELEASE)|\$(COMPONENT)" "Created-By: Packages" | sort -u)
	[ -n "$mirror" ] || die "apt's sources have no line for \"$code main\", so no mirror is known; add one"
	case $suite in
	"$code") printf '%s' "$own" ;;
	"$code"-*) printf '%sdeb [signed-by=%s] %s %s main\n' "$own" "$apt_keyring" "$mirror" "$suite" ;;
	*) echo "deb [signed-by=$apt_keyring] $mirror $suite main" ;;
	esac
}

# apt_suite SUITE: make "${apt[@]}" words for apt-get and apt-cache that work on SUITE alone.
apt_suite() {
	apt_dir=$VX_O/apt/$1
	apt_keyring=$VX_KEYRING
	[ -s "$VX_O/apt/keyring" ] && apt_keyring=$VX_O/apt/keyring
	[ -s "$apt_keyring" ] || die "no $apt_keyring to verify packages with; run: apt-get install debian-archive-keyring"
	mkdir -p "$apt_dir"/{lists,archives}/partial
	apt_sources "$1" >"$apt_dir/sources.list"
	apt=(-qq -o "Dir::Etc::SourceList=$apt_dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
		-o "Dir::State::Lists=$apt_dir/lists" -o Dir::State::status=/dev/null
		-o "Dir::Cache=$apt_dir" -o "Dir::Cache::archives=$apt_dir/archives"
		-o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3 -o APT::Install-Recommends=false)
	# or apt would prefer what is older but not a backport
	[[ $1 != *-backports ]] || apt+=(-t "$1")
}

# A suite may be signed by a key that is younger than this machine's keyring: the newest stable release, which the old
# keys still sign, brings it.
apt_newer_keyring() {
	local suite=$1 ring
	[ "$suite" = trixie ] && return 1
	(apt_unpack trixie "$VX_O/apt/newer" '^debian-archive-keyring$' debian-archive-keyring) || return 1
	for ring in "$VX_O"/apt/newer/usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
		[ -s "$ring" ] && cp -L "$ring" "$VX_O/apt/keyring"
	done
	rm -rf "$VX_O/apt/newer"
	apt_suite "$suite"
}

apt_update() {
	local log=$apt_dir/update.log
	apt-get "${apt[@]}" update >"$log" 2>&1 || true
	if grep -qE 'NO_PUBKEY|EXPKEYSIG' "$log" && apt_newer_keyring "$1"; then
		apt-get "${apt[@]}" update >"$log" 2>&1 || true
	fi
	grep -qE '^(E|Err|W: Failed)' "$log" || { touch "$apt_dir/fresh"; return 0; }
	grep -E '^[EW]:' "$log" >&2
	die "cannot read the package lists of $1; see above, and whether the mirror in apt's sources is reachable"
}

# Names and versions of PACKAGE... and all they need, as far as names match REGEX.
apt_closure() {
	local regex=$1
	shift
	apt-get "${apt[@]}" --print-uris -y install "$@" 2>"$apt_dir/closure.log" | awk -v regex="$regex" '
		/^\047/ { n = split($2, word, "_"); gsub("%3a", ":", word[2]); gsub("%2b", "+", word[2]); gsub("%7e", "~", word[2])
			if (n == 3 && word[1] ~ regex) print word[1] "=" word[2] }'
}

# apt_unpack SUITE DIR REGEX PACKAGE...: PACKAGE... and what they need, as far as names match REGEX, unpacked into DIR.
# Documentation is left out; APT_EXCLUDE may hold more of tar's patterns.
apt_unpack() {
	local suite=$1 dir=$2 regex=$3 names try deb pattern exclude=()
	shift 3
	for pattern in './usr/share/doc/*' './usr/share/man/*' './usr/share/locale/*' './usr/share/lintian/*' ${APT_EXCLUDE-}; do
		exclude+=("--exclude=$pattern")
	done
	mkdir -p "$dir"
	apt_suite "$suite"
	# Lists are kept for a day; those that name packages which are gone are read anew.
	for try in 1 2; do
		[ $try = 1 ] && [ -n "$(find "$apt_dir/fresh" -mtime -1 2>/dev/null)" ] || apt_update "$suite"
		mapfile -t names < <(apt_closure "$regex" "$@")
		[ ${#names[@]} -gt 0 ] || continue
		rm -rf "$dir/debs"
		mkdir "$dir/debs"
		(cd "$dir/debs" && apt-get "${apt[@]}" download "${names[@]}") >"$apt_dir/download.log" 2>&1 && break
		names=()
	done
	[ ${#names[@]} -gt 0 ] || {
		tail -n 5 "$apt_dir/closure.log" "$apt_dir/download.log" 2>/dev/null >&2
		die "cannot fetch $* from $suite; see above"
	}
	# Directories that were merged into /usr are links: packages of before the merge go through them.
	for deb in "$dir"/debs/*.deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$dir" --keep-directory-symlink --no-same-owner "${exclude[@]}" ||
			die "cannot unpack $(basename "$deb"); is the disk full?"
	done
	rm -rf "$dir/debs"
}
