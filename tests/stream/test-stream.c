/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Experts come from their file as they are in it, whoever asks when. */

#include "experts.h"

static void
test_every_expert_is_as_in_the_file (void)
{
  Experts self = { 0 };

  experts_start (&self, L4_STREAM_LEAST_SLOTS);
  for (guint i = 0; i < 200; i++)
    experts_assert_use (&self, i % LAYERS, (i * 7 + 1) % 32, 1);
  experts_clear (&self);
}

static void
test_sweeps_too (void)
{
  for (gsize slots = L4_STREAM_LEAST_SLOTS; slots <= LAYERS * EXPERTS; slots++) {
    Experts self = { 0 };
    L4StreamFigures figures;

    experts_start (&self, slots);
    for (guint i = 0; i < 4; i++) {
      l4_stream_foresee (self.stream, 0, 100);
      for (guint l = 0; l < LAYERS; l++)
        experts_assert_use (&self, l, 31, 100);
    }
    l4_stream_figures (self.stream, &figures);
    g_assert_cmpuint (figures.uses, ==, 4 * LAYERS * EXPERTS);
    g_assert_cmpuint (figures.reads, <=, 4 * LAYERS * EXPERTS);
    if (slots == LAYERS * EXPERTS)
      g_assert_cmpuint (figures.reads, ==, LAYERS * EXPERTS);
    experts_clear (&self);
  }
}

typedef struct
{
  const Experts *fixture;
  guint seed;
  GCancellable *cancellable;
} User;

/* Steps of any kind; those of one with a cancellable may be cancelled at any time. */
static gpointer
use_at_random (gpointer data)
{
  const User *self = data;
  g_autoptr (GRand) random = g_rand_new_with_seed (self->seed);

  for (guint i = 0; i < 150; i++) {
    guint layer = (guint) g_rand_int_range (random, 0, LAYERS);
    gint64 n = g_rand_int_range (random, 1, 30);
    g_autoptr (GError) error = NULL;

    if (g_rand_int_range (random, 0, 4) == 0)
      l4_stream_foresee (self->fixture->stream, layer, n);
    if (g_rand_int_range (random, 0, 2) == 0)
      experts_guess (self->fixture, (guint) g_rand_int_range (random, 0, LAYERS), (guint) g_rand_int_range (random, 0, 32));
    if (experts_use (self->fixture, layer, (guint) g_rand_int_range (random, 1, 32), n, self->cancellable, &error))
      continue;
    g_assert_error (error, L4_ERROR, L4_ERROR_CANCELLED);
    g_cancellable_reset (self->cancellable);
  }
  return NULL;
}

static void
test_many_at_once_get_what_they_asked_for (void)
{
  for (gsize slots = L4_STREAM_LEAST_SLOTS; slots < 9; slots += 3) {
    Experts self = { 0 };
    GThread *threads[6];
    User users[6];
    g_autoptr (GCancellable) cancellable = g_cancellable_new ();

    experts_start (&self, slots);
    for (guint i = 0; i < G_N_ELEMENTS (threads); i++) {
      users[i] = (User) { &self, i, i == 0 ? cancellable : NULL };
      threads[i] = g_thread_new ("user", use_at_random, &users[i]);
    }
    for (guint i = 0; i < 50; i++) {
      g_usleep (500);
      g_cancellable_cancel (cancellable);
      l4_stream_allow (self.stream, i % 10);
      g_assert_cmpuint (l4_stream_n_slots (self.stream), ==, CLAMP (i % 10, L4_STREAM_LEAST_SLOTS, slots));
    }
    for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
      g_thread_join (threads[i]);
    experts_clear (&self);
  }
}

static void
test_the_warm_stay (void)
{
  Experts self = { 0 };
  L4StreamFigures before, after;

  experts_start (&self, 4);
  for (guint i = 0; i < 30; i++) {
    experts_assert_use (&self, 0, 1, 1);
    experts_assert_use (&self, 1, 1, 1);
  }
  for (guint e = 1; e < EXPERTS; e++)
    experts_assert_use (&self, 2, 1u << e, 1);
  l4_stream_figures (self.stream, &before);
  experts_assert_use (&self, 0, 1, 1);
  experts_assert_use (&self, 1, 1, 1);
  l4_stream_figures (self.stream, &after);
  g_assert_cmpuint (after.hits, ==, before.hits + 2);
  g_assert_cmpuint (after.reads, ==, before.reads);
  experts_clear (&self);
}

/* Waits until nothing is under way of what was read ahead. */
static void
wait_until_quiet (const Experts *self)
{
  gint64 until = g_get_monotonic_time () + WAIT;
  gboolean quiet = FALSE;

  while (!quiet) {
    g_mutex_lock (&self->stream->lock);
    quiet = self->stream->pieces == 0;
    g_mutex_unlock (&self->stream->lock);
    g_assert_cmpint (g_get_monotonic_time (), <, until);
    g_usleep (100);
  }
}

/* The layers behind a sweep are no worse places once another step has begun, however far the sweep came. */
static void
test_the_warm_stay_after_a_sweep_that_was_broken_off (void)
{
  Experts self = { 0 };
  L4StreamFigures before, after;

  experts_start (&self, 4);
  l4_stream_foresee (self.stream, 0, 100);
  experts_assert_use (&self, 0, 31, 100);
  for (guint i = 0; i < 30; i++) {
    l4_stream_foresee (self.stream, 0, 1);
    experts_assert_use (&self, 0, 1, 1);
    experts_assert_use (&self, 1, 1, 1);
    wait_until_quiet (&self);
  }
  for (guint e = 1; e < EXPERTS; e++)
    experts_assert_use (&self, 2, 1u << e, 1);
  before = experts_figures (&self);
  experts_assert_use (&self, 0, 1, 1);
  experts_assert_use (&self, 1, 1, 1);
  after = experts_figures (&self);
  g_assert_cmpuint (after.hits, ==, before.hits + 2);
  g_assert_cmpuint (after.reads, ==, before.reads);
  experts_clear (&self);
}

static void
test_what_is_guessed_is_there_when_it_is_asked_for (void)
{
  Experts self = { 0 };
  L4StreamFigures figures;

  experts_start (&self, 6);
  experts_guess (&self, 1, 4);
  experts_guess (&self, 2, 3);
  experts_wait_for_reads (&self, 3);
  experts_assert_use (&self, 1, 4, 1);
  figures = experts_figures (&self);
  g_assert_cmpuint (figures.reads, ==, 3);
  g_assert_cmpuint (figures.foreseen, ==, 1);
  g_assert_cmpuint (figures.right, ==, 1);
  g_assert_cmpuint (figures.guesses, ==, 1);
  experts_assert_use (&self, 2, 9, 1);  /* one of two was right, and one was not thought of */
  figures = experts_figures (&self);
  g_assert_cmpuint (figures.reads, ==, 4);
  g_assert_cmpuint (figures.foreseen, ==, 2);
  g_assert_cmpuint (figures.right, ==, 2);
  g_assert_cmpuint (figures.guesses, ==, 3);
  experts_clear (&self);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/stream/every-expert-is-as-in-the-file", test_every_expert_is_as_in_the_file);
  g_test_add_func ("/stream/sweeps-too", test_sweeps_too);
  g_test_add_func ("/stream/many-at-once-get-what-they-asked-for", test_many_at_once_get_what_they_asked_for);
  g_test_add_func ("/stream/the-warm-stay", test_the_warm_stay);
  g_test_add_func ("/stream/the-warm-stay-after-a-sweep-that-was-broken-off", test_the_warm_stay_after_a_sweep_that_was_broken_off);
  g_test_add_func ("/stream/what-is-guessed-is-there-when-it-is-asked-for", test_what_is_guessed_is_there_when_it_is_asked_for);
  return g_test_run ();
}
