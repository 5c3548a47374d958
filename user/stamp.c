// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <time.h>

#include "stamp.h"

#define NS_PER_S	1000000000ull

const char *vx_stamp(__u64 ns, char text[VX_STAMP_TEXT])
{
	time_t s = ns / NS_PER_S;
	struct tm tm = {};

	localtime_r(&s, &tm);
	snprintf(text, VX_STAMP_TEXT, "%02d:%02d:%02d.%06u", tm.tm_hour, tm.tm_min, tm.tm_sec, (unsigned int)(ns % NS_PER_S / 1000));
	return text;
}

const char *vx_stamp_full(__u64 ns, char text[VX_STAMP_TEXT])
{
	time_t s = ns / NS_PER_S;
	struct tm tm = {};
	char date[24];

	gmtime_r(&s, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text, VX_STAMP_TEXT, "%s.%09uZ", date, (unsigned int)(ns % NS_PER_S));
	return text;
}
