/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that work on one job at a time and sleep between jobs. */

#pragma once

#include "llama4.h"

typedef struct _L4Pool L4Pool;

/* Does task number `task` of a job; thread, 0 … n_threads - 1, tells whose scratch memory it may use. */
typedef void (*L4PoolFunc) (gpointer data, gsize task, guint thread);

/* threads: with the caller's, at most L4_MAX_THREADS; 0 for every CPU that the process may use. (transfer full) */
L4Pool *l4_pool_new (guint threads);
void l4_pool_free (L4Pool *self);       /* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC (L4Pool, l4_pool_free)

guint l4_pool_get_threads (const L4Pool *self);

/* Does all tasks of a job and returns when the last is done; the calling thread helps. Each thread does tasks in a row, then helps the
 * others with theirs. One caller at a time. */
void l4_pool_run (L4Pool *self, L4PoolFunc func, gpointer data, gsize n_tasks);

/* How many CPUs' time the control group whose files lie in folder is given, rounded up; G_MAXUINT: it has no limit. */
guint l4_pool_cpus_of_group (const char *folder);
