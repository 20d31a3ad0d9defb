/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands of the llama4 program. */

#pragma once

#include "base/error.h"
#include "command/command.h"

extern const L4Command l4_cli_run, l4_cli_trace, l4_cli_tokenize, l4_cli_bench, l4_cli_inspect, l4_cli_plan, l4_cli_convert, l4_cli_synth;

/* Values of options that several have. */
#define L4_CLI_LOAD "auto|read|map|stream"
#define L4_CLI_PRECISION "bf16|int8"
#define L4_CLI_WRITTEN_TYPES "F32|F16|BF16|Q8_0|Q4_0|Q4_K|Q6_K"

/* Whether an option was given that value. */
gboolean l4_cli_is (const char *value, const char *wanted);

/* What --threads may be. */
gboolean l4_cli_check_threads (gint threads, GError **error);

/* The only argument, or the embedded model. NULL: there are more. (transfer full) */
char *l4_cli_one_model (char **arguments, GError **error);

/* What was installed beside the program: name, or below (may be NULL) in the folder of that name. (transfer full) */
char *l4_cli_data_file (const char *name, const char *below);

/* The folder of the embedded model. (transfer full) */
char *l4_cli_embedded_model (void);

/* The system prompt (or NULL) and after it the documents in files (NULL-terminated, or NULL), apart by a blank line; *text NULL: there is
 * neither. (transfer full) */
gboolean l4_cli_read_background (const char *system, char **files, char **text, GError **error);

/* Makes the session hold the message: from the file, as far as it has it, else by computing; the file then has it, too. FALSE with L4_ERROR_INPUT:
 * the file has another text. *unsaved: why it could not be written; then TRUE. */
gboolean l4_cli_keep_background (L4Session *session, const char *file, const L4Message *message, const L4GenerateOptions *options,
    GError **unsaved, GError **error);

/* what is text of, for people; text may be NULL. FALSE: it is not UTF-8. */
gboolean l4_cli_check_text (const char *what, const char *text, GError **error);
