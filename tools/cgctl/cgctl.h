/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands of cgctl share. */
#ifndef TOOLS_CGCTL_CGCTL_H
#define TOOLS_CGCTL_CGCTL_H

#include <ringfence/cgroup-act.h>
#include <ringfence/probe.h>

#include "../tool.h"

/* Open the control groups; with `sweep`, clean up first what killed runs left, and say so. 0, or
 * the exit code with the error printed. */
int cgctl_open(bool sweep, struct rf_cgroup_fs **ret_fs);

/* The same without sweeping, for nothing but these keys, "KEY" or "KEY=VALUE", of this group. */
int cgctl_open_for(const char *group, char **words, int n, struct rf_cgroup_fs **ret_fs);

/* tool_error() for "what /group"; 2 where a name, key or value was refused. */
int cgctl_error(int error, const char *what, const char *group);

/* The kernel rounded a value: told on standard error. */
void cgctl_note(const char *key, const char *wanted, const char *got, void *data);

/* A group's name as it is shown: with one slash in front. Free with free(3); NULL: no memory. */
char *cgctl_name(const char *group);

/* Run an act as a plan, with --explain and --dry-run as given: 0, or the exit code with the error
 * printed. Fills in act->size. */
int cgctl_act(struct rf_cgroup_act *act, const char *what);

/* A group of a tree: its last part behind two blanks for each level; in JSON, and the first one, all of its
 * name. Free with free(3); NULL: no memory. */
struct rf_sample;
char *cgctl_shown(const struct rf_sample *s);

bool cgctl_memory_is_v1(const struct rf_cgroup_fs *fs);

/* What every command that writes has. */
#define OPT_CGCTL_ACT                                                                              \
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print the result, errors and steps as JSON"} \
	, OPT_COMMON_EXPLAIN

/* A value as JSON: numbers typed, lines as objects. */
struct str;
void cgctl_json_value(struct str *out, const char *name, const char *text);

/* Of --source: enum rf_sample_source. */
extern const char *const sample_sources[];
#define OPT_SAMPLE_SOURCE(to)                                                                      \
	{0, "source", OPT_CHOICE, &(to), "auto|bpf|files",                                         \
	 "read files, or have eBPF walk the groups (bpf: or fail); auto unless given", 0, 0, 0, sample_sources}

extern const struct opt_row create_options[], set_options[], get_options[], list_options[], keys_options[];
extern const struct opt_row delete_options[], run_options[], tree_options[], show_options[], move_options[];
extern const struct opt_row freeze_options[], kill_options[], delegate_options[], convert_options[];
extern const struct opt_row import_options[], export_options[];
extern const struct opt_row top_options[], record_options[], replay_options[], serve_options[], watch_options[];
extern const struct opt_row why_options[], doctor_options[];
int why_run(int argc, char **argv);
int doctor_run(int argc, char **argv);
extern const struct opt_row snapshot_options[], diff_options[], restore_options[];
int top_run(int argc, char **argv);
int record_run(int argc, char **argv);
int replay_run(int argc, char **argv);
int serve_run(int argc, char **argv);
int watch_run(int argc, char **argv);
int create_run(int argc, char **argv);
int set_run(int argc, char **argv);
int get_run(int argc, char **argv);
int list_run(int argc, char **argv);
int tree_run(int argc, char **argv);
int show_run(int argc, char **argv);
int keys_run(int argc, char **argv);
int delete_run(int argc, char **argv);
int run_run(int argc, char **argv);
int move_run(int argc, char **argv);
int freeze_run(int argc, char **argv);
int thaw_run(int argc, char **argv);
int kill_run(int argc, char **argv);
int reclaim_run(int argc, char **argv);
int delegate_run(int argc, char **argv);
int convert_run(int argc, char **argv);
int import_run(int argc, char **argv);
int export_run(int argc, char **argv);
int snapshot_run(int argc, char **argv);
int diff_run(int argc, char **argv);
int restore_run(int argc, char **argv);

#endif
