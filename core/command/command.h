/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What every program of the project does alike: options, help, manual page, completions and one line of error, from one description. */

#pragma once

#include "llama4.h"

G_BEGIN_DECLS

/* Strings are N_() where a user reads them. A list is a line each of "WHAT  # what it is": a command line, a variable, a file. */
typedef struct
{
  const char *name;             /* what follows "llama4 "; one of catalogue.c, which has the summary */
  const char *usage;            /* its arguments: "INDEX PATH…" */
  const char *description;      /* paragraphs with an empty line between them; NULL: none */
  const char *examples;         /* list of command lines; NULL: none */
  const char *exit_status;      /* list of what others than 0, 1 and those of signals mean, or what 1 means here; NULL: nothing more */
  const char *environment;      /* list of variables, beside those of the page llama4(1); NULL: none */
  const char *files;            /* list of files that it reads or leaves of itself; NULL: none */

  /* What --json prints, for who writes programs: a paragraph of what all events have, then lists of "NAME  # when it comes, and its members".
   * Ends with NULL; itself NULL: no events. */
  const char *const *events;

  /* Texts are taken as bytes: G_OPTION_ARG_FILENAME. An entry's arg_description says what completions offer, and what is allowed:
   *   "FILE…", "MODEL…", "INDEX…", "VIDEO…"   files           "FOLDER…"       folders
   *   "one|two|three"                          one of these, in any case; the program finds it as it stands here
   *   "some,of,these"                          the same, but several with commas
   *   anything else                            a number or a text, of which nothing is known here */
  const GOptionEntry *entries;
  const GOptionEntry *more[4];  /* further groups of them, which several programs share; ends with NULL */

  /* What it does with what is left of its arguments (NULL-terminated, bytes). FALSE: exit status 1, with *error as a line unless it is
   * NULL, for who said what was wrong by themselves. */
  gboolean (*run) (char **arguments, GError **error);
} L4Command;

/* The main function of the program llama4-NAME, and of a command that llama4 has itself, whose name is argv[0] then: translation, options,
 * run(), the output's arrival checked. Returns the exit status. */
int l4_command_main (const L4Command *command, int argc, char **argv);

/* The part of it before options are read, for who has no L4Command: locale and translation; standard files that are closed stay so; signals end the process even where it is
 * the first of a container, which hears none that it has no handler for; exit() checks that what was printed has arrived. */
void l4_command_begin (void);

/* What was printed goes to standard output now. What that does not take is told when the program ends. */
void l4_command_flush (void);

/* Ends the process as that signal would: by it, or with exit status 128 + number as the first process of a container. For who had a handler
 * of their own to put things in order first. */
G_NORETURN void l4_command_end_by_signal (int number);

/* Whether a number that was given for --option is within least and most; whether a text is UTF-8 (NULL is). */
gboolean l4_command_check_number (const char *option, int value, int least, int most, GError **error);
gboolean l4_command_check_text (const char *option, const char *text, GError **error);

/* A number of bytes that was given for --option, such as 12G: K, M or G behind it stand for powers of 1024. NULL is none: *bytes stays. */
gboolean l4_command_parse_bytes (const char *option, const char *given, guint64 *bytes, GError **error);

/* *error as a line on standard error; the exit status for it. */
int l4_command_fail (const GError *error);

G_END_DECLS
