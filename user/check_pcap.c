// SPDX-License-Identifier: GPL-2.0-or-later
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <pcap/pcap.h>

#include "check_packets.h"
#include "say.h"

struct reading {
	vx_packet_fn fn;
	void *arg;
	__u32 frames, left_out;
};

static int read_frames(pcap_t *pcap, const char *path, struct reading *r)
{
	const char *base = strrchr(path, '/');
	struct pcap_pkthdr *head;
	const __u8 *data;
	char name[NAME_MAX + 16];
	unsigned int n = 0;
	int got, ret = 0;

	base = base ? base + 1 : path;
	while (!ret && (got = pcap_next_ex(pcap, &head, &data)) == 1) {
		n++;
		if (head->caplen != head->len || head->len > VX_CHECK_FRAME_MAX) {
			r->left_out++;
			continue;
		}
		if (r->frames++ == VX_CHECK_PACKETS_MAX)
			return vx_fail(-E2BIG, "%s: more than %d packets are too many to check at once; split the file", path,
				       VX_CHECK_PACKETS_MAX);
		snprintf(name, sizeof(name), "%s:%u", base, n);
		ret = r->fn(name, data, head->len, r->arg);
	}
	if (!ret && got == PCAP_ERROR)
		return vx_fail(-EINVAL, "%s: packet %u: %s", path, n + 1, pcap_geterr(pcap));
	return ret;
}

static int read_file(const char *path, struct reading *r)
{
	char why[PCAP_ERRBUF_SIZE];
	pcap_t *pcap;
	int ret;

	pcap = pcap_open_offline(path, why);
	if (!pcap)
		return vx_fail(-EINVAL, "%s is not a pcap or pcapng file: %s", path, why);
	if (pcap_datalink(pcap) == DLT_EN10MB)
		ret = read_frames(pcap, path, r);
	else
		ret = vx_fail(-EINVAL, "%s was not captured on Ethernet; policies judge Ethernet frames", path);
	pcap_close(pcap);
	return ret;
}

static int no_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int read_directory(const char *path, struct reading *r)
{
	struct dirent **entries;
	char file[PATH_MAX];
	int n, i, ret = 0;

	n = scandir(path, &entries, no_hidden, alphasort);
	if (n < 0)
		return vx_fail(-errno, "cannot read %s: %s", path, strerror(errno));
	for (i = 0; i < n; i++) {
		if (!ret && snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name) < (int)sizeof(file))
			ret = read_file(file, r);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int vx_check_pcap(const char *path, vx_packet_fn fn, void *arg)
{
	struct reading r = { .fn = fn, .arg = arg };
	struct stat st;
	int ret;

	if (stat(path, &st))
		return vx_fail(-errno, "cannot read %s: %s", path, strerror(errno));
	ret = S_ISDIR(st.st_mode) ? read_directory(path, &r) : read_file(path, &r);
	if (!ret && r.left_out && r.frames)
		vx_warn("%u packets of %s were left out: captured in part, or longer than %d bytes", r.left_out, path,
			VX_CHECK_FRAME_MAX);
	if (!ret && !r.frames)
		return vx_fail(-ENODATA, "%s has no packet to check with%s", path,
			       r.left_out ? " that is captured in full and not too long" : "");
	return ret;
}
