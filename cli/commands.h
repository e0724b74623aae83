/** The tables of all subcommands; each is in its own cmd_*.c. */
#ifndef HOPT_CLI_COMMANDS_H
#define HOPT_CLI_COMMANDS_H

#include "common/sys/options.h"

extern const hopt_command hopt_cmd_run;
extern const hopt_command hopt_cmd_check;
extern const hopt_command hopt_cmd_init;
extern const hopt_command hopt_cmd_study;
extern const hopt_command hopt_cmd_study_create;
extern const hopt_command hopt_cmd_study_list;
extern const hopt_command hopt_cmd_study_show;
extern const hopt_command hopt_cmd_study_set;
extern const hopt_command hopt_cmd_study_pause;
extern const hopt_command hopt_cmd_study_resume;
extern const hopt_command hopt_cmd_study_stop;
extern const hopt_command hopt_cmd_study_delete;
extern const hopt_command hopt_cmd_trials;
extern const hopt_command hopt_cmd_trials_list;
extern const hopt_command hopt_cmd_trials_show;
extern const hopt_command hopt_cmd_trials_retry;
extern const hopt_command hopt_cmd_trials_add;
extern const hopt_command hopt_cmd_best;
extern const hopt_command hopt_cmd_suggest;
extern const hopt_command hopt_cmd_plot;
extern const hopt_command hopt_cmd_ask;
extern const hopt_command hopt_cmd_tell;
extern const hopt_command hopt_cmd_report;
extern const hopt_command hopt_cmd_export;
extern const hopt_command hopt_cmd_import;
extern const hopt_command hopt_cmd_copy;
extern const hopt_command hopt_cmd_workers;
extern const hopt_command hopt_cmd_doctor;
extern const hopt_command hopt_cmd_version;
extern const hopt_command hopt_cmd_help;

#endif
