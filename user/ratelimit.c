// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>

#include "rate_words.h"
#include "ratelimit.h"
#include "say.h"
#include "words.h"

/* Of struct buckets in bpf/policy_ratelimit.bpf.c. */
#define BUCKETS_SIZE	32

enum { PPS, BPS, BURST, BURST_PACKETS, N_WORDS };

static const char *const words[] = { [PPS] = "pps", [BPS] = "bps", [BURST] = "burst", [BURST_PACKETS] = "burst-packets", NULL };

static __u64 burst(__u64 rate, __u64 us, __u64 least)
{
	unsigned __int128 n = ((unsigned __int128)rate * us + 999999) / 1000000;

	if (n > VX_RATELIMIT_BURST_MAX)
		n = VX_RATELIMIT_BURST_MAX;
	return n < least ? least : n;
}

static void burst_of_time(struct vx_ratelimit *conf, __u64 us)
{
	conf->burst_packets = burst(conf->pps, us, 1);
	conf->burst_bytes = burst(conf->bytes_ps, us, VX_RATELIMIT_BURST_MIN);
}

static int parse_rate(const char *name, int (*parse)(const char *s, __u64 *v), const char *value, __u64 *rate, char why[VX_WHY])
{
	int err = parse(value, rate);

	if (err == -EINVAL)
		return vx_why(why, "%s '%s' is not a rate; write %s", name, value,
			      parse == vx_parse_count ? "a number, or 10k, 1.5m" : "bits a second: a number, or 100m, 1gbit");
	if (err || !*rate || *rate > VX_RATELIMIT_RATE_MAX)
		return vx_why(why, "%s %s is out of range; use 1 to %s", name, value, parse == vx_parse_count ? "137g" : "1.09t");
	return 0;
}

/* A time is for both buckets, a size for the bytes alone. */
static int parse_burst(const char *value, struct vx_ratelimit *conf, char why[VX_WHY])
{
	__u64 us, bytes;

	if (!strpbrk(value, "sS") || vx_parse_time(value, &us)) {
		if (vx_parse_size(value, &bytes))
			return vx_why(why, "burst '%s' is neither a time nor a size; write 20ms, or 64kb", value);
		if (!bytes || bytes > VX_RATELIMIT_BURST_MAX)
			return vx_why(why, "burst %s is out of range; use 1b to 4294967295b", value);
		conf->burst_bytes = bytes;
		return 0;
	}
	if (!us || us > 3600000000ull)
		return vx_why(why, "burst %s is out of range; use 1us to 3600s", value);
	burst_of_time(conf, us);
	return 0;
}

static int parse_values(const char *const value[N_WORDS], struct vx_ratelimit *conf, char why[VX_WHY])
{
	int err = 0;

	if (!value[PPS] && !value[BPS])
		return vx_why(why, "a limit needs 'pps COUNT', 'bps RATE', or both");
	if (value[PPS])
		err = parse_rate("pps", vx_parse_count, value[PPS], &conf->pps, why);
	if (!err && value[BPS])
		err = parse_rate("bps", vx_parse_bitrate, value[BPS], &conf->bytes_ps, why);
	if (err)
		return err;
	burst_of_time(conf, VX_RATELIMIT_BURST_US);
	if (value[BURST])
		err = parse_burst(value[BURST], conf, why);
	if (err || !value[BURST_PACKETS])
		return err;
	if (vx_parse_count(value[BURST_PACKETS], &conf->burst_packets) || !conf->burst_packets ||
	    conf->burst_packets > VX_RATELIMIT_BURST_MAX)
		return vx_why(why, "burst-packets '%s' is not a number from 1 to 4294967295", value[BURST_PACKETS]);
	return 0;
}

int vx_ratelimit_parse(int argc, char *const *argv, struct vx_ratelimit *conf, char why[VX_WHY])
{
	const char *value[N_WORDS] = {};
	int i, n;

	memset(conf, 0, sizeof(*conf));
	for (i = 0; i < argc; i += 2) {
		n = vx_word_find(words, sizeof(words[0]), argv[i]);
		if (n < 0)
			return vx_why(why, "'%s' is %s; use pps, bps, burst or burst-packets", argv[i],
				      n == -EEXIST ? "ambiguous" : "not known here");
		if (i + 1 == argc)
			return vx_why(why, "'%s' needs a value", words[n]);
		if (value[n])
			return vx_why(why, "'%s' is given twice", words[n]);
		value[n] = argv[i + 1];
	}
	return parse_values(value, conf, why);
}

/* The time that gives both bursts of conf, in microseconds; 0: none that a person would write does. */
static __u64 time_of_bursts(const struct vx_ratelimit *conf)
{
	__u64 rate = conf->bytes_ps ?: conf->pps, n = conf->bytes_ps ? conf->burst_bytes : conf->burst_packets, us, i;
	struct vx_ratelimit try = *conf;
	const __u64 guess[] = { VX_RATELIMIT_BURST_US, (unsigned __int128)n * 1000000 / rate,
				(unsigned __int128)n * 1000 / rate * 1000 };

	for (i = 0; i < sizeof(guess) / sizeof(guess[0]); i++) {
		us = guess[i];
		if (!us || us > 3600000000ull || (i && (unsigned __int128)rate * us != (unsigned __int128)n * 1000000))
			continue;
		burst_of_time(&try, us);
		if (!memcmp(&try, conf, sizeof(try)))
			return us;
	}
	return 0;
}

void vx_ratelimit_lines(const struct vx_ratelimit *conf, vx_conf_line *line, void *arg)
{
	char text[VX_CONF_LINE], pps[VX_RATE_TEXT], bps[VX_RATE_TEXT], size[VX_RATE_TEXT];
	__u64 us;
	int n = 0;

	if (!conf->pps && !conf->bytes_ps)
		return;
	vx_format_count(conf->pps, pps);
	vx_format_bitrate(conf->bytes_ps, bps);
	if (conf->pps)
		n += snprintf(text + n, sizeof(text) - n, "pps %s ", pps);
	if (conf->bytes_ps)
		n += snprintf(text + n, sizeof(text) - n, "bps %s ", bps);
	us = time_of_bursts(conf);
	if (us) {
		vx_format_time(us, size);
		snprintf(text + n, sizeof(text) - n, "burst %s", size);
	} else {
		vx_format_size(conf->burst_bytes, size);
		if (conf->bytes_ps)
			n += snprintf(text + n, sizeof(text) - n, "burst %s ", size);
		if (conf->pps)
			n += snprintf(text + n, sizeof(text) - n, "burst-packets %llu ", conf->burst_packets);
		text[n - 1] = '\0';
	}
	line(text, arg);
}

int vx_ratelimit_get(__u32 port, int direction, struct vx_ratelimit *conf)
{
	struct vx_ratelimit_key key = { .port = port, .direction = direction };
	int fd = vx_policy_map("ratelimit", "ratelimit_ports", false), err = 0;

	memset(conf, 0, sizeof(*conf));
	if (fd < 0)
		return fd;
	if (bpf_map_lookup_elem(fd, &key, conf))
		err = -errno;
	close(fd);
	return err;
}

int vx_ratelimit_replace(__u32 port, int direction, const struct vx_ratelimit *conf)
{
	struct vx_ratelimit_key key = { .port = port, .direction = direction };
	int fd = vx_policy_map("ratelimit", "ratelimit_ports", conf), err;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	if (conf)
		err = bpf_map_update_elem(fd, &key, conf, BPF_ANY) ? -errno : 0;
	else
		err = bpf_map_delete_elem(fd, &key) && errno != ENOENT ? -errno : 0;
	close(fd);
	return err ? vx_fail(err, "cannot change a limit: %s", strerror(-err)) : 0;
}

void vx_ratelimit_forget(int fd, __u32 port)
{
	struct vx_ratelimit_key key = { .port = port };

	for (key.direction = 0; key.direction < VX_DIRECTIONS; key.direction++)
		bpf_map_delete_elem(fd, &key);
}

/* The next port with this id begins with full buckets. */
void vx_ratelimit_forget_buckets(int fd, __u32 port)
{
	struct bpf_map_info info = {};
	__u8 never[BUCKETS_SIZE] = {};
	__u32 len = sizeof(info), i;

	if (bpf_obj_get_info_by_fd(fd, &info, &len) || info.value_size != sizeof(never))
		return;
	for (i = 0; i < VX_DIRECTIONS; i++) {
		__u32 slot = port * VX_DIRECTIONS + i;

		bpf_map_update_elem(fd, &slot, never, BPF_F_LOCK);
	}
}
