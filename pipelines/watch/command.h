/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs that are run with a text on their standard input: so many at once, for so long, never by a shell. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _L4Commands L4Commands;

/* How a program ended: its exit status, the signal that ended it, that it was ended for its time, or why it could not be run. */
typedef struct
{
  const char *label;            /* as it was given */
  int status;                   /* -1: there is none */
  int signal;                   /* 0: none */
  gboolean timed_out;
  const char *problem;          /* NULL: it was run */
  const char *output;           /* the beginning of what it printed on standard output and standard error, one line */
} L4CommandResult;

/* Called by a thread of the commands'. */
typedef void (*L4CommandFunc) (const L4CommandResult *result, gpointer user_data);

#define L4_COMMANDS_WAITING 64  /* that wait for their turn at most */

/* at_once: programs; limit: nanoseconds, after which a program and all that it started (and that stayed in its group) is killed. */
L4Commands *l4_commands_new (guint at_once, guint64 limit, L4CommandFunc func, gpointer user_data);
/* Kills what runs, and runs nothing that waits. */
void l4_commands_free (L4Commands *self);       /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Commands, l4_commands_free)

/* Runs argv (a program by PATH, and its arguments) with input and a line end on its standard input. FALSE: too many wait already. */
gboolean l4_commands_run (L4Commands *self, const char *const *argv, const char *input, const char *label);

/* Waits until all have ended, at most until that time (as g_get_monotonic_time() has it). How many have not, or have not even begun. */
guint l4_commands_finish (L4Commands *self, gint64 until);

G_END_DECLS
