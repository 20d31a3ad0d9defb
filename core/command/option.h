/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The options of a command, with what their descriptions say of their arguments. */

#pragma once

#include "command/command.h"

typedef enum
{
  L4_OPTION_FLAG,               /* takes no argument */
  L4_OPTION_TEXT,
  L4_OPTION_FILE,
  L4_OPTION_FOLDER,
  L4_OPTION_ONE_OF,
  L4_OPTION_SOME_OF             /* several with commas */
} L4OptionKind;

typedef struct
{
  const GOptionEntry *entry;
  L4OptionKind kind;
  gboolean repeated;            /* may stand several times */
} L4Option;

/* All of a command that are no secret, --help last. (transfer full; L4Option) */
GArray *l4_options_of (const L4Command *command);

/* What the argument is called: "FILE", "read|map"; NULL: it takes none. Many values are not in it, but behind the description. (transfer full) */
char *l4_option_argument (const L4Option *option);

/* What it does, translated, with its values where there are many. (transfer full) */
char *l4_option_describe (const L4Option *option);

/* The values of L4_OPTION_ONE_OF and L4_OPTION_SOME_OF; of others an empty array. (transfer full) */
char **l4_option_values (const L4Option *option);

/* Whether what was parsed are values that there are, which are put as they stand in the description, and no path is empty. */
gboolean l4_options_check (const L4Command *command, GError **error);
