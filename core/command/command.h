/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every program of the project does alike: options, help and one line of error, from one description of it. */

#pragma once

#include "llama4.h"

G_BEGIN_DECLS

/* Strings are N_() where a user reads them. */
typedef struct
{
  const char *name;             /* what follows "llama4 "; one of catalogue.c, which has the summary */
  const char *usage;            /* its arguments: "INDEX PATH…" */
  const char *description;      /* paragraphs with an empty line between them; NULL: none */
  const char *examples;         /* command lines, one a line, each with "  # what it does" behind it; NULL: none */
  const GOptionEntry *entries;  /* texts are taken as bytes: G_OPTION_ARG_FILENAME */
  const GOptionEntry *more;     /* further ones that several programs share; NULL: none */

  /* What it does with what is left of its arguments (NULL-terminated, bytes). FALSE: exit status 1, with *error as a line unless it is
   * NULL, for who said what was wrong by themselves. */
  gboolean (*run) (char **arguments, GError **error);
} L4Command;

/* The main function of the program llama4-NAME: translation, options, run(), the output's arrival checked. Returns the exit status. */
int l4_command_main (const L4Command *command, int argc, char **argv);

G_END_DECLS
