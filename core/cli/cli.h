/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of the llama4 program. */

#pragma once

#include "base/error.h"

/* Each takes its own arguments, the command's name first, and returns FALSE with one line in *error. */
gboolean l4_cli_run (int argc, char **argv, GError **error);
gboolean l4_cli_trace (int argc, char **argv, GError **error);
gboolean l4_cli_tokenize (int argc, char **argv, GError **error);
gboolean l4_cli_bench (int argc, char **argv, GError **error);
gboolean l4_cli_inspect (int argc, char **argv, GError **error);
gboolean l4_cli_plan (int argc, char **argv, GError **error);
gboolean l4_cli_convert (int argc, char **argv, GError **error);
gboolean l4_cli_synth (int argc, char **argv, GError **error);

/* Parses argv by entries; what is left stands in *rest, a NULL-terminated array (transfer full) that is NULL before. After -- comes
 * nothing but arguments. usage: what follows the command's name in its help. Text is taken as bytes (G_OPTION_ARG_FILENAME): what GLib
 * converts from the locale's characters can be nothing but ASCII in some. */
gboolean l4_cli_parse (int *argc, char ***argv, const GOptionEntry *entries, const char *usage, char ***rest, GError **error);

/* An option of that name that has two values, the first of which need not be given (value NULL): TRUE in *other for the second. */
gboolean l4_cli_parse_choice (const char *option, const char *value, const char *usual, const char *second, gboolean *other,
    GError **error);

/* What --threads may be. */
gboolean l4_cli_check_threads (gint threads, GError **error);

/* What was installed beside the program: name, or below (may be NULL) in the folder of that name. (transfer full) */
char *l4_cli_data_file (const char *name, const char *below);

/* The folder of the embedded model. (transfer full) */
char *l4_cli_embedded_model (void);
