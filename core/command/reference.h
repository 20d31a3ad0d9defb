/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a command's description makes: its help, its page of the manual, its part of the shells' completions. */

#pragma once

#include "command/command.h"

/* Of every command, as its only argument: --help-as=FORM prints the reference in that form. For the build. */
#define L4_REFERENCE_OPTION "--help-as="

/* form: "help", "man", "bash", "zsh" or "fish". FALSE: no such form. */
gboolean l4_reference_print (const L4Command *command, const char *form);

/* Of llama4 itself: forms as above; completions are whole, with the parts of commands (which ends with NULL) and of all programs that are
 * there. */
gboolean l4_reference_print_all (const L4Command *const *commands, const char *form, GError **error);

/* The forms, each by itself. */
void l4_help_print (const L4Command *command);
void l4_help_print_all (void);
void l4_manual_print (const L4Command *command);
void l4_manual_print_all (void);

/* The part of one command, and what stands before and after the parts of all. */
typedef struct
{
  const char *form;
  void (*part) (const L4Command *command);
  void (*before) (void);
  void (*after) (void);
} L4Completion;

const L4Completion *l4_completion_find (const char *form);  /* NULL: no such form */

/* Words filled into lines of at most width characters, each beginning with indent. Lines that begin with a space stay as they are, empty ones
 * too. (transfer full) */
char *l4_fill (const char *text, guint width, const char *indent);

/* Calls f for every line of a list of L4Command: the thing, and what it is, translated. */
void l4_list_foreach (const char *list, void (*f) (const char *what, const char *about));
