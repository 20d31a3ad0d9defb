/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that work on one job at a time and sleep between jobs. */

#define _GNU_SOURCE             /* sched_getaffinity */

#include "base/pool.h"

#include <sched.h>
#include <stdatomic.h>

#include "base/group.h"

/* A forward pass is hundreds of short jobs: a thread looks this long for the next one before it goes to sleep, and the caller as
 * long for the end of the last task. */
#define PATIENCE 4000           /* rounds of about 30 ns */

/* Tasks of a job: each thread begins with a range of its own, so that tasks in a row, which often read memory in a row, are done by one
 * thread; then it helps the others. A line of the cache each. */
typedef struct
{
  _Alignas (64) atomic_size_t next;
  gsize end;
} Range;

struct _L4Pool
{
  guint n_threads;
  GThread **threads;            /* [n_threads - 1] */
  GMutex lock;
  GCond wake, done;
  guint sleepers;               /* threads in `wake`; under lock */
  atomic_bool quit;
  atomic_uint job;              /* number of the job, from 1 on */
  L4PoolFunc func;
  gpointer data;
  Range *ranges;                /* [n_threads] */
  atomic_uint working;          /* threads that may still be in the job */
  atomic_bool waiting;          /* the caller sleeps in `done` */
};

static inline void
pause_briefly (void)
{
  __builtin_ia32_pause ();
}

static void
do_tasks (L4Pool *self, guint thread)
{
  for (guint i = 0; i < self->n_threads; i++) {
    Range *range = &self->ranges[(thread + i) % self->n_threads];

    while (atomic_load (&range->next) < range->end) {   /* a look is cheaper than taking what is not there */
      gsize task = atomic_fetch_add (&range->next, 1);

      if (task < range->end)
        self->func (self->data, task, thread);
    }
  }
}

/* Waits for a job after the one of number seen; FALSE when the pool ends. */
static gboolean
wait_for_job (L4Pool *self, guint seen)
{
  for (guint i = 0; i < PATIENCE; i++) {
    if (atomic_load (&self->job) != seen || atomic_load (&self->quit))
      return !atomic_load (&self->quit);
    pause_briefly ();
  }
  g_mutex_lock (&self->lock);
  self->sleepers++;
  while (atomic_load (&self->job) == seen && !atomic_load (&self->quit))
    g_cond_wait (&self->wake, &self->lock);
  self->sleepers--;
  g_mutex_unlock (&self->lock);
  return !atomic_load (&self->quit);
}

typedef struct
{
  L4Pool *pool;
  guint thread;
} Worker;

static gpointer
work (gpointer data)
{
  g_autofree Worker *worker = data;
  L4Pool *self = worker->pool;

  for (guint seen = 0; wait_for_job (self, seen); seen++) {
    do_tasks (self, worker->thread);
    if (atomic_fetch_sub (&self->working, 1) == 1 && atomic_load (&self->waiting)) {
      g_mutex_lock (&self->lock);
      g_cond_signal (&self->done);
      g_mutex_unlock (&self->lock);
    }
  }
  return NULL;
}

/* The numbers that the file begins with. */
static gboolean
read_numbers (const char *folder, const char *name, guint n, guint64 *numbers)
{
  g_autofree char *path = g_build_filename (folder, name, NULL), *text = NULL;
  char *at;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return FALSE;
  at = text;
  for (guint i = 0; i < n; i++) {
    while (g_ascii_isspace (*at))
      at++;
    if (!g_ascii_isdigit (*at))
      return FALSE;
    numbers[i] = g_ascii_strtoull (at, &at, 10);
  }
  return TRUE;
}

/* Microseconds in each period of as many: of both versions of control groups. No limit is "max" or -1. */
static gboolean
read_quota (const char *folder, guint64 *quota, guint64 *period)
{
  guint64 both[2];

  if (read_numbers (folder, "cpu.max", 2, both)) {
    *quota = both[0];
    *period = both[1];
    return TRUE;
  }
  return read_numbers (folder, "cpu.cfs_quota_us", 1, quota) && read_numbers (folder, "cpu.cfs_period_us", 1, period);
}

guint
l4_pool_cpus_of_group (const char *folder)
{
  guint64 quota, period;

  if (!read_quota (folder, &quota, &period) || period == 0)
    return G_MAXUINT;
  return (guint) CLAMP (quota / period + (quota % period > 0), 1, G_MAXUINT);
}

/* Those that the process may run on, and no more than the time that its groups are given: threads beyond it would only wait for the
 * others. */
static guint
usable_cpus (void)
{
  g_auto (GStrv) folders = l4_group_folders ("cpu");
  guint given = G_MAXUINT;
  cpu_set_t set;

  for (guint i = 0; folders[i] != NULL; i++)
    given = MIN (given, l4_pool_cpus_of_group (folders[i]));
  return MIN (given, sched_getaffinity (0, sizeof set, &set) == 0 ? (guint) CPU_COUNT (&set) : g_get_num_processors ());
}

L4Pool *
l4_pool_new (guint threads)
{
  L4Pool *self = g_new0 (L4Pool, 1);

  self->n_threads = MIN (threads > 0 ? threads : MAX (usable_cpus (), 1), L4_MAX_THREADS);
  self->threads = g_new0 (GThread *, self->n_threads);
  self->ranges = g_aligned_alloc0 (self->n_threads, sizeof (Range), _Alignof (Range));
  g_mutex_init (&self->lock);
  g_cond_init (&self->wake);
  g_cond_init (&self->done);
  for (guint i = 1; i < self->n_threads; i++) {
    Worker *worker = g_new (Worker, 1);

    *worker = (Worker) { self, i };
    self->threads[i - 1] = g_thread_try_new ("llama4", work, worker, NULL);
    if (self->threads[i - 1] == NULL) { /* fewer threads are slower, not wrong */
      g_free (worker);
      self->n_threads = i;
    }
  }
  return self;
}

void
l4_pool_free (L4Pool *self)
{
  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  atomic_store (&self->quit, TRUE);
  g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
  for (guint i = 1; i < self->n_threads; i++)
    g_thread_join (self->threads[i - 1]);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->wake);
  g_cond_clear (&self->done);
  g_aligned_free (self->ranges);
  g_free (self->threads);
  g_free (self);
}

guint
l4_pool_get_threads (const L4Pool *self)
{
  return self->n_threads;
}

static void
wait_for_end (L4Pool *self)
{
  for (guint i = 0; i < PATIENCE; i++) {
    if (atomic_load (&self->working) == 0)
      return;
    pause_briefly ();
  }
  g_mutex_lock (&self->lock);
  atomic_store (&self->waiting, TRUE);
  while (atomic_load (&self->working) > 0)
    g_cond_wait (&self->done, &self->lock);
  atomic_store (&self->waiting, FALSE);
  g_mutex_unlock (&self->lock);
}

void
l4_pool_run (L4Pool *self, L4PoolFunc func, gpointer data, gsize n_tasks)
{
  if (n_tasks == 0)
    return;
  if (self->n_threads == 1 || n_tasks == 1) {
    for (gsize task = 0; task < n_tasks; task++)
      func (data, task, 0);
    return;
  }
  self->func = func;
  self->data = data;
  for (guint i = 0; i < self->n_threads; i++) {
    atomic_store (&self->ranges[i].next, n_tasks * i / self->n_threads);
    self->ranges[i].end = n_tasks * (i + 1) / self->n_threads;
  }
  atomic_store (&self->working, self->n_threads - 1);
  g_mutex_lock (&self->lock);
  atomic_fetch_add (&self->job, 1);
  if (self->sleepers > 0)
    g_cond_broadcast (&self->wake);
  g_mutex_unlock (&self->lock);
  do_tasks (self, 0);
  wait_for_end (self);
}
