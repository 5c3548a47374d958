// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ask SOCKET SECONDS shell COMMAND	run COMMAND in a test guest; prints its output, ends with its status
 * ask SOCKET SECONDS qmp JSON...	send commands to QEMU's monitor; prints the answers
 *
 * Status 124: no answer in time, or the other side went away.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NO_ANSWER	124

static int sock;
static long long deadline;	/* CLOCK_MONOTONIC, ms */

static long long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void give_up(const char *why)
{
	fprintf(stderr, "ask: %s\n", why);
	exit(NO_ANSWER);
}

static void say(const char *text)
{
	size_t len = strlen(text);

	while (len) {
		ssize_t n = send(sock, text, len, MSG_NOSIGNAL);

		if (n < 0)
			give_up(strerror(errno));
		text += n;
		len -= n;
	}
}

/* One line without its end. A serial port sends carriage returns too. */
static const char *hear(void)
{
	static char line[65536];
	size_t len = 0;

	for (;;) {
		struct pollfd pfd = { .fd = sock, .events = POLLIN };
		long long left = deadline - now_ms();
		char c;

		if (left <= 0 || poll(&pfd, 1, left) <= 0)
			give_up("no answer in time");
		if (read(sock, &c, 1) != 1)
			give_up("connection closed");
		if (c == '\n')
			break;
		if (c != '\r' && len < sizeof(line) - 1)
			line[len++] = c;
	}
	line[len] = 0;
	return line;
}

static int ask_shell(const char *command)
{
	char token[32];
	size_t len;

	len = snprintf(token, sizeof(token), "t%d.%lld ", getpid(), now_ms());
	say(token);
	say(command);
	say("\n");
	for (;;) {
		const char *line = hear();

		/* output without a final newline stands right before the token */
		const char *end = strstr(line, token);

		/* a terminal that is not yet ours echoes the command itself */
		if (!end || end[len] < '0' || end[len] > '9') {
			puts(line);
			continue;
		}
		if (end != line)
			printf("%.*s\n", (int)(end - line), line);
		return (int)strtol(end + len, NULL, 10);
	}
}

static int ask_qmp(int n, char **command)
{
	hear();		/* the greeting */
	say("{\"execute\":\"qmp_capabilities\"}\n");
	for (int i = 0; i <= n; i++) {
		const char *line;

		do {
			line = hear();
		} while (strncmp(line, "{\"return\"", 9) && strncmp(line, "{\"error\"", 8));
		if (i)
			puts(line);
		if (!strncmp(line, "{\"error\"", 8))
			return 1;
		if (i < n) {
			say(command[i]);
			say("\n");
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };

	if (argc < 5 || strlen(argv[1]) >= sizeof(sa.sun_path)) {
		fprintf(stderr, "usage: ask SOCKET SECONDS shell COMMAND | ask SOCKET SECONDS qmp JSON...\n");
		return 2;
	}
	strcpy(sa.sun_path, argv[1]);
	deadline = now_ms() + strtod(argv[2], NULL) * 1000;
	setvbuf(stdout, NULL, _IOLBF, 0);
	sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (sock < 0 || connect(sock, (struct sockaddr *)&sa, sizeof(sa)))
		give_up(strerror(errno));
	return !strcmp(argv[3], "qmp") ? ask_qmp(argc - 4, argv + 4) : ask_shell(argv[4]);
}
