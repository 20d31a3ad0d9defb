/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Memory for the caches of all conversations of a model: who gets it, who waits, who is refused. */

#include "golden-model.h"

#define PATIENCE (60 * G_TIME_SPAN_SECOND)

/* A conversation that could not grow even if all others were forgotten, but begin anew beside them. */
static void
test_nothing_is_given_up_where_that_is_not_enough (void)
{
  g_autoptr (L4Llama) model = load_llama ("frames-tiny");
  const L4TextConfig *text = &model->config->text;
  guint64 one = l4_cache_bytes (model->compute, text, FALSE, 64), larger = l4_cache_bytes (model->compute, text, FALSE, 4096);
  g_autoptr (GError) error = NULL;
  L4Tenant idle = { 0 }, tenant = { 0 };
  L4Room *room = l4_room_new (model->compute, text, one + larger);

  l4_room_enter (room, &idle);
  g_assert_true (l4_room_take (room, &idle, FALSE, 64, NULL, &error));
  l4_room_leave (room, &idle);
  l4_room_enter (room, &tenant);
  g_assert_true (l4_room_take (room, &tenant, FALSE, 3968, NULL, &error));
  tenant.cache->n_tokens = 10;
  g_assert_cmpuint (l4_cache_bytes_to_grow (tenant.cache, model->compute, 4096), >, one + larger - tenant.bytes);
  g_assert_true (l4_room_take (room, &tenant, FALSE, 4096, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpint (tenant.cache->capacity, ==, 4096);
  g_assert_nonnull (idle.cache);
  l4_room_leave (room, &tenant);
  l4_room_clear (room, &tenant);
  l4_room_clear (room, &idle);
  l4_room_free (room);
}

typedef struct
{
  L4Room *room;
  L4Tenant tenant;
  gboolean good;
} Guest;

static gpointer
take_much (gpointer data)
{
  Guest *self = data;

  l4_room_enter (self->room, &self->tenant);
  self->good = l4_room_take (self->room, &self->tenant, FALSE, 4096, NULL, NULL);
  l4_room_leave (self->room, &self->tenant);
  return NULL;
}

/* Three that need little, of whom one has ended: it gives up what it has to one who needs all there is, and then waits for the others. */
static void
test_who_needs_little_does_not_overtake_who_needs_much (void)
{
  g_autoptr (L4Llama) model = load_llama ("frames-tiny");
  const L4TextConfig *text = &model->config->text;
  L4Room *room = l4_room_new (model->compute, text, l4_cache_bytes (model->compute, text, FALSE, 4096));
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  gint64 deadline = g_get_monotonic_time () + PATIENCE;
  L4Tenant few[3] = { 0 };
  Guest much = { room };
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_cancellable_cancel (cancelled);
  for (guint i = 0; i < 3; i++) {
    l4_room_enter (room, &few[i]);
    g_assert_true (l4_room_take (room, &few[i], FALSE, 64, NULL, NULL));
  }
  l4_room_leave (room, &few[2]);
  thread = g_thread_new ("much", take_much, &much);
  while (g_atomic_pointer_get (&few[2].cache) != NULL) {
    g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    g_usleep (1000);
  }
  l4_room_leave (room, &few[0]);
  l4_room_enter (room, &few[0]);
  g_assert_false (l4_room_take (room, &few[0], FALSE, 64, cancelled, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_CANCELLED);
  l4_room_leave (room, &few[0]);
  l4_room_leave (room, &few[1]);
  g_thread_join (thread);
  g_assert_true (much.good);
  for (guint i = 0; i < 3; i++)
    l4_room_clear (room, &few[i]);
  l4_room_clear (room, &much.tenant);
  l4_room_free (room);
}

static void
test_what_fits_in_no_way_is_refused_while_others_answer (void)
{
  g_autoptr (L4Llama) model = load_llama ("frames-tiny");
  const L4TextConfig *text = &model->config->text;
  L4Room *room = l4_room_new (model->compute, text, l4_cache_bytes (model->compute, text, FALSE, 4096) - 1);
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  L4Tenant idle = { 0 }, other = { 0 }, large = { 0 };
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancelled);     /* who waits sees that first */
  l4_room_enter (room, &idle);
  g_assert_true (l4_room_take (room, &idle, FALSE, 64, NULL, NULL));
  l4_room_leave (room, &idle);
  l4_room_enter (room, &other);
  g_assert_true (l4_room_take (room, &other, FALSE, 64, NULL, NULL));
  l4_room_enter (room, &large);
  g_assert_false (l4_room_take (room, &large, FALSE, 4096, cancelled, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_MEMORY);
  g_assert_nonnull (idle.cache);
  l4_room_leave (room, &large);
  l4_room_leave (room, &other);
  l4_room_clear (room, &other);
  l4_room_clear (room, &idle);
  l4_room_free (room);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/room/nothing-is-given-up-where-that-is-not-enough", test_nothing_is_given_up_where_that_is_not_enough);
  g_test_add_func ("/room/who-needs-little-does-not-overtake-who-needs-much", test_who_needs_little_does_not_overtake_who_needs_much);
  g_test_add_func ("/room/what-fits-in-no-way-is-refused-while-others-answer", test_what_fits_in_no_way_is_refused_while_others_answer);
  return g_test_run ();
}
