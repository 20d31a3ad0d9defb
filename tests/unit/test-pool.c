/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Threads that work on one job at a time: every task is done once, and who waits uses no CPU. */

#include <stdatomic.h>

#include "base/pool.h"
#include "support/cpu-time.h"
#include "support/folder.h"

#define THREADS 4
#define TASKS 1000

typedef struct
{
  atomic_uint done[TASKS];
} Job;

static void
do_task (gpointer data, gsize task, guint thread)
{
  Job *job = data;

  g_assert_cmpuint (thread, <, THREADS);
  atomic_fetch_add (&job->done[task], 1);
}

static void
test_every_task_is_done_once (void)
{
  g_autoptr (L4Pool) pool = l4_pool_new (THREADS);
  Job job = { 0 };

  for (guint round = 1; round <= 200; round++) {
    l4_pool_run (pool, do_task, &job, TASKS);
    for (guint i = 0; i < TASKS; i++)
      g_assert_cmpuint (atomic_load (&job.done[i]), ==, round);
  }
}

/* The first task lasts until all others are done. */
static void
wait_for_others (gpointer data, gsize task, guint thread)
{
  Job *job = data;

  for (guint i = 1; task == 0 && i < TASKS; i++)
    while (atomic_load (&job->done[i]) == 0)
      g_thread_yield ();
  do_task (data, task, thread);
}

static void
test_who_is_done_helps_the_others (void)
{
  g_autoptr (L4Pool) pool = l4_pool_new (THREADS);
  Job job = { 0 };

  l4_pool_run (pool, wait_for_others, &job, TASKS);
  for (guint i = 0; i < TASKS; i++)
    g_assert_cmpuint (atomic_load (&job.done[i]), ==, 1);
}

static void
test_threads_without_a_job_use_no_cpu (void)
{
  g_autoptr (L4Pool) pool = l4_pool_new (THREADS);
  Job job = { 0 };
  gint64 before;

  l4_pool_run (pool, do_task, &job, TASKS);
  g_usleep (100000);
  before = cpu_time_us ();
  g_usleep (1000000);
  g_assert_cmpint (cpu_time_us () - before, <, 5000);
}

/* Threads look for the next job for 4000 rounds of about 30 ns; without an end to that they would use all CPUs all the time here. */
static void
test_between_jobs_no_thread_spins_longer_than_its_patience (void)
{
  const guint jobs = 100;
  g_autoptr (L4Pool) pool = l4_pool_new (THREADS);
  Job job = { 0 };
  gint64 before = cpu_time_us (), used;

  for (guint i = 0; i < jobs; i++) {
    l4_pool_run (pool, do_task, &job, 8);
    g_usleep (10000);
  }
  used = (cpu_time_us () - before) / jobs;
  g_test_message ("%" G_GINT64_FORMAT " us a job, on %u threads", used, THREADS);
  g_assert_cmpint (used, <, THREADS * 600);
}

static void
test_no_number_of_threads_is_too_large (void)
{
  g_autoptr (L4Pool) pool = l4_pool_new (G_MAXUINT);

  g_assert_cmpuint (l4_pool_get_threads (pool), <=, L4_MAX_THREADS);
}

static void
test_the_time_of_a_group_is_counted_in_cpus (void)
{
  static const struct
  {
    const char *text;
    guint cpus;
  } cases[] = { {"200000 100000\n", 2}, {"150000 100000\n", 2}, {"1000 100000\n", 1}, {"max 100000\n", G_MAXUINT}, {"", G_MAXUINT},
  {"100000 0\n", G_MAXUINT} };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Folder) folder = folder_new ();

    g_assert_cmpuint (l4_pool_cpus_of_group (folder), ==, G_MAXUINT);
    g_free (folder_write (folder, "cpu.max", cases[i].text, -1));
    g_assert_cmpuint (l4_pool_cpus_of_group (folder), ==, cases[i].cpus);
  }
}

static void
test_the_time_of_a_group_of_the_first_version_is_counted_in_cpus (void)
{
  static const struct
  {
    const char *quota, *period;
    guint cpus;
  } cases[] = { {"200000\n", "100000\n", 2}, {"150000\n", "100000\n", 2}, {"1000\n", "100000\n", 1}, {"-1\n", "100000\n", G_MAXUINT},
  {"200000\n", "0\n", G_MAXUINT}, {"200000\n", NULL, G_MAXUINT}, {"", "100000\n", G_MAXUINT}, {"99999999900000\n", "100000\n", 999999999} };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++) {
    g_autoptr (Folder) folder = folder_new ();

    g_free (folder_write (folder, "cpu.cfs_quota_us", cases[i].quota, -1));
    if (cases[i].period != NULL)
      g_free (folder_write (folder, "cpu.cfs_period_us", cases[i].period, -1));
    g_assert_cmpuint (l4_pool_cpus_of_group (folder), ==, cases[i].cpus);
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pool/every-task-is-done-once", test_every_task_is_done_once);
  g_test_add_func ("/pool/who-is-done-helps-the-others", test_who_is_done_helps_the_others);
  g_test_add_func ("/pool/threads-without-a-job-use-no-cpu", test_threads_without_a_job_use_no_cpu);
  g_test_add_func ("/pool/between-jobs-no-thread-spins-longer-than-its-patience",
      test_between_jobs_no_thread_spins_longer_than_its_patience);
  g_test_add_func ("/pool/the-time-of-a-group-is-counted-in-cpus", test_the_time_of_a_group_is_counted_in_cpus);
  g_test_add_func ("/pool/the-time-of-a-group-of-the-first-version-is-counted-in-cpus",
      test_the_time_of_a_group_of_the_first_version_is_counted_in_cpus);
  g_test_add_func ("/pool/no-number-of-threads-is-too-large", test_no_number_of_threads_is_too_large);
  return g_test_run ();
}
