/* `hopt`: the command line. */
#include "cli/cli.h"
#include "common/program/program.h"
#include "common/sys/options.h"

int main(int argc, char **argv) {
    hopt_program_begin(argc, argv);
    return hopt_cli_finish(&hopt_cli_root, hopt_command_main(&hopt_cli_root, argc, argv));
}
