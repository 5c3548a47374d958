// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "conf.h"
#include "uplink.h"

void vx_conf_uplink_line(const struct vx_conf_uplink *uplink, char *text, size_t len)
{
	static const char *const modes[] = { [VX_MODE_NATIVE] = "", [VX_MODE_GENERIC] = " mode generic", [VX_MODE_AUTO] = " mode auto" };
	char name[3 * VX_NAME_LEN];

	vx_conf_quote(uplink->name, name, sizeof(name));
	snprintf(text, len, "uplink %s%s", name, modes[uplink->mode]);
}

void vx_conf_policy_line(const struct vx_conf_policy *policy, char *text, size_t len)
{
	char file[2 * VX_CONF_WORD + 4];
	size_t n = snprintf(text, len, "policy %s", policy->name);

	if (policy->id && n < len)
		n += snprintf(text + n, len - n, " id %u", policy->id);
	if (!policy->file || n >= len)
		return;
	vx_conf_quote(policy->file, file, sizeof(file));
	snprintf(text + n, len - n, " file %s", file);
}

/* One line behind the name, or a block of them. */
static void feature_lines(const char *head, const struct vx_lines *body, bool flat, struct vx_lines *lines)
{
	int i;

	if (flat || body->n < 2) {
		for (i = 0; i < body->n; i++)
			vx_lines_addf(lines, "%s %s", head, body->line[i]);
		return;
	}
	vx_lines_addf(lines, "%s {", head);
	for (i = 0; i < body->n; i++)
		vx_lines_addf(lines, "\t%s", body->line[i]);
	vx_lines_add(lines, "}");
}

void vx_conf_port_lines(const struct vx_conf_port *port, bool flat, struct vx_lines *lines)
{
	char mac[VX_MAC_TEXT], uplink[3 * VX_NAME_LEN], head[64];
	int f, dir;

	vx_format_mac(port->mac, mac);
	vx_conf_quote(port->uplink, uplink, sizeof(uplink));
	vx_lines_addf(lines, "mac %s", mac);
	vx_lines_addf(lines, "uplink %s", uplink);
	if (port->vlan)
		vx_lines_addf(lines, "vlan %u", port->vlan);
	if (port->mtu && !port->mtu_default)
		vx_lines_addf(lines, "mtu %u", port->mtu);
	if (port->queues != 1)
		vx_lines_addf(lines, "queues %u", port->queues);
	if (port->kernel)
		vx_lines_add(lines, "engine kernel");
	if (port->host_allow)
		vx_lines_add(lines, "host allow");
	if (port->flood)
		vx_lines_addf(lines, "flood-pps %u", port->flood);
	for (dir = 0; dir < VX_DIRECTIONS; dir++)
		if (strcmp(port->chain[dir], "none"))
			vx_lines_addf(lines, "%s %s", vx_direction_name(dir), port->chain[dir]);
	for (f = 0; f < vx_features_n; f++)
		for (dir = 0; dir < VX_DIRECTIONS; dir++) {
			bool directed = vx_features[f].scope == VX_SCOPE_DIRECTION;

			snprintf(head, sizeof(head), "%s%s%s", vx_features[f].name, directed ? " " : "",
				 directed ? vx_direction_name(dir) : "");
			feature_lines(head, &port->feature[f][dir], flat, lines);
		}
}

static void print_block(const char *what, const char *name, struct vx_lines *lines, FILE *out)
{
	int i;

	fprintf(out, "\n%s %s {\n", what, name);
	for (i = 0; i < lines->n; i++)
		fprintf(out, "\t%s\n", lines->line[i]);
	fprintf(out, "}\n");
	vx_lines_free(lines);
}

/* What a chain or a feature loads by itself is not worth a line. */
static void print_policies(const struct vx_conf *conf, FILE *out)
{
	char text[2 * VX_CONF_WORD + 80];
	int i;

	for (i = 0; i < conf->policies; i++) {
		const struct vx_conf_policy *policy = &conf->policy[i];

		if (policy->unknown) {
			fprintf(out, "# policy %s, slot %u, was not loaded by this program; say which: policy %s file PATH\n", policy->name,
				policy->slot, policy->name);
			continue;
		}
		if (!policy->file && vx_conf_needs_policy(conf, policy->name))
			continue;
		vx_conf_policy_line(policy, text, sizeof(text));
		fprintf(out, "%s\n", text);
	}
}

/* Those that others name come first. */
static void print_sets(const struct vx_conf *conf, FILE *out)
{
	struct vx_lines lines = {};
	int f, i;

	for (f = 0; f < vx_features_n; f++)
		for (i = 0; i < conf->sets; i++) {
			if (conf->set[i].feature != f)
				continue;
			vx_lines_copy(&lines, &conf->set[i].lines);
			print_block(vx_features[f].name, conf->set[i].name, &lines, out);
		}
}

void vx_conf_print(const struct vx_conf *conf, FILE *out)
{
	struct vx_lines lines = {};
	char text[80];
	int i;

	for (i = 0; i < conf->uplinks; i++) {
		vx_conf_uplink_line(&conf->uplink[i], text, sizeof(text));
		fprintf(out, "%s\n", text);
	}
	print_policies(conf, out);
	print_sets(conf, out);
	for (i = 0; i < conf->ports; i++) {
		const struct vx_conf_port *port = &conf->port[i];

		if (!port->id) {
			fprintf(out, "\n# port %s: %s\n", port->name, port->why);
			continue;
		}
		if (port->state != VX_PORT_FINE)
			fprintf(out, "\n# port %s: %s", port->name, port->why);
		vx_conf_port_lines(port, false, &lines);
		print_block("port", port->name, &lines, out);
	}
}
