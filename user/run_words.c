// SPDX-License-Identifier: GPL-2.0-or-later
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run_words.h"

static void put_list(FILE *out, const int *fd, __u32 n)
{
	__u32 i;

	for (i = 0; i < n; i++)
		fprintf(out, "%s%d", i ? ":" : "", fd[i]);
}

static void put_fds(FILE *out, const struct vx_run_words *w)
{
	put_list(out, w->data_fd, w->pairs);
}

static void put_vhostfds(FILE *out, const struct vx_run_words *w)
{
	put_list(out, w->vhost_fd, w->pairs);
}

static void put_netdev(FILE *out, const struct vx_run_words *w)
{
	const char *s = w->pairs > 1 ? "s" : "";

	fprintf(out, "tap,id=%s,fd%s=", w->id, s);
	put_fds(out, w);
	fprintf(out, ",vhost=on,vhostfd%s=", s);
	put_vhostfds(out, w);
}

static void put_id(FILE *out, const struct vx_run_words *w)
{
	fputs(w->id, out);
}

static void put_mac(FILE *out, const struct vx_run_words *w)
{
	fputs(w->mac, out);
}

static void put_mtu(FILE *out, const struct vx_run_words *w)
{
	fprintf(out, "%u", w->mtu);
}

static void put_queues(FILE *out, const struct vx_run_words *w)
{
	fprintf(out, "%u", w->pairs);
}

/* One for each ring, one for changes of the configuration, one for the control queue. */
static void put_vectors(FILE *out, const struct vx_run_words *w)
{
	fprintf(out, "%u", 2 * w->pairs + 2);
}

static void put_device(FILE *out, const struct vx_run_words *w)
{
	fprintf(out, "virtio-net-pci,netdev=%s,mac=%s", w->id, w->mac);
	if (w->mtu != 1500)
		fprintf(out, ",host_mtu=%u", w->mtu);
	if (w->pairs > 1) {
		fputs(",mq=on,vectors=", out);
		put_vectors(out, w);
	}
}

static const struct placeholder {
	const char *word;
	void (*put)(FILE *out, const struct vx_run_words *w);
} placeholders[] = {
	{ "{netdev}", put_netdev }, { "{device}", put_device }, { "{fds}", put_fds }, { "{vhostfds}", put_vhostfds },
	{ "{id}", put_id }, { "{mac}", put_mac }, { "{mtu}", put_mtu }, { "{queues}", put_queues },
	{ "{vectors}", put_vectors }, {},
};

static const struct placeholder *placeholder_at(const char *s)
{
	const struct placeholder *p;

	for (p = placeholders; p->word; p++)
		if (!strncmp(s, p->word, strlen(p->word)))
			return p;
	return NULL;
}

char *vx_run_substitute(const struct vx_run_words *w, const char *arg, bool *replaced)
{
	const struct placeholder *p;
	char *text = NULL;
	size_t len = 0;
	const char *s;
	FILE *out;

	out = open_memstream(&text, &len);
	if (!out)
		return NULL;
	for (s = arg; *s; ) {
		p = *s == '{' && (s == arg || s[-1] != '$') ? placeholder_at(s) : NULL;
		if (p) {
			p->put(out, w);
			s += strlen(p->word);
			*replaced = true;
		} else {
			fputc(*s++, out);
		}
	}
	if (fclose(out)) {
		free(text);
		return NULL;
	}
	return text;
}

void vx_run_id(char id[VX_RUN_ID], const char *port)
{
	snprintf(id, VX_RUN_ID, "%s%s", isalpha((unsigned char)*port) ? "" : "vx-", port);
}

static bool is_qemu(const char *command)
{
	const char *slash = strrchr(command, '/'), *base = slash ? slash + 1 : command;

	return !strncmp(base, "qemu-system-", 12) || !strcmp(base, "qemu-kvm") || !strcmp(base, "kvm");
}

void vx_run_free(char **argv)
{
	char **arg;

	for (arg = argv; argv && *arg; arg++)
		free(*arg);
	free(argv);
}

int vx_run_argv(const struct vx_run_words *w, int argc, char *const *argv, char ***out)
{
	static const char *const tail[] = { "-netdev", "{netdev}", "-device", "{device}" };
	bool replaced = false, ignored = false;
	int i, n = 0, more = 0;
	char **words;

	words = calloc(argc + 5, sizeof(*words));
	if (!words)
		return -ENOMEM;
	/* The command itself is not for us to change. */
	for (; n < argc; n++) {
		words[n] = n ? vx_run_substitute(w, argv[n], &replaced) : strdup(argv[n]);
		if (!words[n])
			goto no_memory;
	}
	if (!replaced && !is_qemu(argv[0])) {
		vx_run_free(words);
		return -ENOENT;
	}
	if (!replaced)
		more = 4;
	for (i = 0; i < more; i++, n++) {
		words[n] = vx_run_substitute(w, tail[i], &ignored);
		if (!words[n])
			goto no_memory;
	}
	*out = words;
	return 0;

no_memory:
	vx_run_free(words);
	return -ENOMEM;
}
