/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an answer will cost, said before: on a tiny random checkpoint, and by made-up machines. */

#include <glib/gstdio.h>
#include <string.h>

#include "compute/compute.h"
#include "engine/llama.h"
#include "engine/machine.h"
#include "engine/pace.h"
#include "llama4.h"

static guint8 pixels[3][112 * 64 * 3];

/* The tiny random one, or the embedded one, whose chunk is longer than its prompts. */
static L4Model *
load_model (gboolean tiny)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);
  const L4LoadOptions options = {.model_path = tiny ? path : NULL,.threads = 1 };
  g_autoptr (GError) error = NULL;
  L4Model *model = l4_model_load (&options, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  return model;
}

/* A question about two of the pictures. */
typedef struct
{
  L4Part parts[3];
  L4Message message;
} Question;

static void
ask (Question *self, guint first, guint second)
{
  *self = (Question) { {{.picture = {pixels[first], 112, 64, 112 * 3 }}, {.picture = {pixels[second], 112, 64, 112 * 3 }},
      {.text = "What moves from one of these two pictures to the other one, and where does it go?"}}
  };
  self->message = (L4Message) { L4_ROLE_USER, self->parts, G_N_ELEMENTS (self->parts) };
  for (guint i = 0; i < G_N_ELEMENTS (pixels); i++)
    for (gsize b = 0; b < sizeof pixels[i]; b++)
      pixels[i][b] = b * (37 + 2 * i) % 251;
}

static L4Forecast
forecast (L4Session *session, const Question *question, const L4GenerateOptions *options)
{
  g_autoptr (GError) error = NULL;
  L4Forecast forecast;

  g_assert_true (l4_session_forecast (session, &question->message, 1, options, &forecast, &error));
  g_assert_no_error (error);
  return forecast;
}

static void
answer (L4Session *session, const Question *question, const L4GenerateOptions *options, L4Answer *answer)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (l4_session_answer (session, &question->message, 1, options, NULL, NULL, NULL, answer, &error));
  g_assert_no_error (error);
}

static void
assert_forecast_is_right (gboolean tiny)
{
  static const guint questions[][2] = { {0, 1}, {0, 1}, {1, 2}, {2, 2}, {0, 1} };
  g_autoptr (L4Model) model = load_model (tiny);
  g_autoptr (L4Session) session = l4_session_new (model);
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;

  options.max_tokens = 5;
  for (guint i = 0; i < G_N_ELEMENTS (questions); i++) {
    Question question;
    L4Forecast before;
    g_auto (L4Answer) after = { 0 };

    ask (&question, questions[i][0], questions[i][1]);
    before = forecast (session, &question, &options);
    answer (session, &question, &options, &after);
    g_assert_cmpuint (before.pictures, ==, 2);
    g_assert_cmpuint (before.tiles, ==, 2 - after.reused_pictures);
    g_assert_cmpuint (before.prompt_tokens, ==, after.prompt_tokens);
    g_assert_cmpuint (before.reused_tokens, ==, after.reused_tokens);
    g_assert_cmpuint (before.generated_tokens, <=, 5);
    g_assert_cmpfloat (before.operations, >, 0);
    g_assert_cmpfloat (before.bytes, >, 0);
    if (i == 1 && !tiny)
      g_assert_cmpuint (before.reused_tokens, >, before.prompt_tokens / 2);
  }
}

static void
test_what_is_forecast_is_what_the_answer_then_counts (void)
{
  assert_forecast_is_right (FALSE);
  assert_forecast_is_right (TRUE);
}

static void
test_forecasting_changes_no_answer (void)
{
  g_autoptr (L4Model) model = load_model (FALSE);
  g_autoptr (L4Session) asked = l4_session_new (model), plain = l4_session_new (model);
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  Question first, second;

  options.max_tokens = 8;
  ask (&first, 0, 1);
  ask (&second, 0, 2);
  for (guint i = 0; i < 2; i++) {
    g_auto (L4Answer) one = { 0 }, other = { 0 };

    forecast (asked, &first, &options);
    forecast (asked, &second, &options);
    answer (asked, i == 0 ? &first : &second, &options, &one);
    answer (plain, i == 0 ? &first : &second, &options, &other);
    g_assert_cmpstr (one.text, ==, other.text);
    g_assert_cmpuint (one.reused_tokens, ==, other.reused_tokens);
    g_assert_cmpuint (one.reused_pictures, ==, other.reused_pictures);
  }
}

static void
test_longer_answers_and_more_tiles_cost_more (void)
{
  g_autoptr (L4Model) model = load_model (TRUE);
  g_autoptr (L4Session) session = l4_session_new (model);
  L4GenerateOptions few = L4_GENERATE_OPTIONS_INIT, many = few, tiles = few;
  L4Forecast cheap, longer, larger;
  Question question;

  few.max_tokens = 4;
  many.max_tokens = 40;
  tiles.max_tokens = 4;
  tiles.max_tiles = 4;
  ask (&question, 0, 1);
  cheap = forecast (session, &question, &few);
  longer = forecast (session, &question, &many);
  larger = forecast (session, &question, &tiles);
  g_assert_cmpuint (longer.generated_tokens, ==, 40);
  g_assert_cmpfloat (longer.operations, >, cheap.operations);
  g_assert_cmpfloat (longer.bytes, >, 5 * cheap.bytes);
  g_assert_cmpuint (larger.tiles, >, cheap.tiles);
  g_assert_cmpuint (larger.prompt_tokens, >, cheap.prompt_tokens);
  g_assert_cmpfloat (larger.operations, >, 1.5 * cheap.operations);
}

/* Each is a pass over what is not shared, which costs what asking it then is forecast to cost. */
static void
test_questions_count_by_what_they_do_not_share (void)
{
  static const char *const asked[] = { "Does a red thing move? Answer yes or no.", "Is anybody there? Answer yes or no.", NULL };
  g_autoptr (L4Model) model = load_model (FALSE);
  g_autoptr (L4Session) session = l4_session_new (model);
  L4GenerateOptions plain = L4_GENERATE_OPTIONS_INIT, more = plain;
  L4Forecast without, with;
  double operations = 0, bytes = 0;
  Question question;
  g_auto (L4Answer) said = { 0 };

  plain.max_tokens = more.max_tokens = 5;
  more.questions = asked;
  ask (&question, 0, 1);
  without = forecast (session, &question, &plain);
  with = forecast (session, &question, &more);
  g_assert_cmpuint (with.prompt_tokens, ==, without.prompt_tokens);
  answer (session, &question, &plain, &said);
  plain.max_tokens = 1;
  for (guint i = 0; asked[i] != NULL; i++) {
    L4Forecast one;

    question.parts[2].text = asked[i];
    one = forecast (session, &question, &plain);
    g_assert_cmpuint (one.tiles, ==, 0);
    g_assert_cmpuint (one.reused_tokens, >, one.prompt_tokens / 2);
    operations += one.operations;
    bytes += one.bytes;
  }
  g_assert_cmpfloat_with_epsilon (with.operations - without.operations, operations, 0.02 * operations);
  g_assert_cmpfloat_with_epsilon (with.bytes - without.bytes, bytes, 0.02 * bytes);
}

/* Of a model that is all float32, as its keys and values are on a machine without bfloat16, and of one as this machine has it. */
static void
test_keys_and_values_count_as_they_are_kept (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "scout-tiny", NULL);
  const L4LoadOptions load_options = {.model_path = path,.threads = 1 };
  Question question;

  ask (&question, 0, 1);
  for (guint i = 0; i < 4; i++) {
    const L4Precision precision = i < 2 ? L4_PRECISION_F32 : L4_PRECISION_BF16;
    const L4GenerateOptions options = {.max_tokens = 5,.top_p = 1,.max_tiles = 1,.kv_int8 = i % 2 };
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Llama) model = l4_llama_load (&load_options, precision, NULL, NULL, NULL, &error);
    gboolean halves = i >= 2 && l4_key_values_kind (model->compute) == L4_BLOCK_BF16;
    gpointer session = l4_llama_session_new (model);
    L4Work work[L4_N_STAGES];
    L4Forecast told;
    double bytes = 0;

    l4_llama_forecast (session, &question.message, 1, &options, &told, &error);
    g_assert_no_error (error);
    l4_task_work (&(L4Task) { told.pictures, told.tiles, told.prompt_tokens, 0, told.generated_tokens, i % 2 ? 1 : halves ? 2 : 4 }, model->config,
        l4_type_from_name (model->quantization), work);
    for (guint stage = 0; stage < L4_N_STAGES; stage++)
      bytes += work[stage].weight_bytes + work[stage].cache_bytes;
    g_assert_cmpfloat_with_epsilon (told.bytes, bytes, 1e-6 * bytes);
    l4_llama_session_free (session);
  }
}

static void
test_what_cannot_be_answered_is_not_forecast (void)
{
  g_autoptr (L4Model) model = load_model (TRUE);
  g_autoptr (L4Session) session = l4_session_new (model);
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  g_autofree char *text = g_strnfill (200000, '7');
  const L4Part part = {.text = text };
  const L4Message message = { L4_ROLE_USER, &part, 1 };
  g_autoptr (GError) error = NULL;
  L4Forecast forecast;

  g_assert_false (l4_session_forecast (session, &message, 1, &options, &forecast, &error));
  g_assert_error (error, L4_ERROR, L4_ERROR_INPUT);
  g_assert_cmpuint (forecast.prompt_tokens, ==, 0);
}

/* The cache folder of this test holds nothing at first. */
static void
test_the_machine_is_measured_once_and_its_speed_kept (void)
{
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, 1, NULL);
  g_autoptr (L4Compute) other = l4_compute_new (L4_PRECISION_BF16, 2, NULL);
  L4GenerateOptions options = L4_GENERATE_OPTIONS_INIT;
  const L4Speed told = { 1e6, 1e9, 1e9 };
  L4Speed speed;
  Question question;

  ask (&question, 0, 1);
  g_assert_false (l4_machine_recall (compute, &speed));
  {
    g_autoptr (L4Model) model = load_model (TRUE);
    g_autoptr (L4Session) session = l4_session_new (model);

    g_assert_cmpfloat (forecast (session, &question, &options).seconds, ==, 0);
    l4_model_measure (model);
    g_assert_cmpfloat (forecast (session, &question, &options).seconds, >, 0);
    g_assert_true (l4_machine_recall (compute, &speed));
    g_assert_cmpfloat (speed.bytes_per_second, >, 1e8);
    g_assert_cmpfloat (speed.matrix_per_second, >, 1e8);
  }
  g_assert_false (l4_machine_recall (other, &speed));   /* of two threads nothing is known */
  g_assert_true (l4_machine_keep (compute, &told));
  g_assert_true (l4_machine_keep (other, &(L4Speed) { 2, 3, 4 }));
  {
    g_autoptr (L4Model) model = load_model (TRUE);
    g_autoptr (L4Session) session = l4_session_new (model);
    L4Forecast before = forecast (session, &question, &options);
    g_auto (L4Answer) after = { 0 };

    g_assert_cmpfloat_with_epsilon (before.seconds, before.bytes / told.bytes_per_second, before.seconds / 100);
    answer (session, &question, &options, &after);
    g_assert_cmpint (after.limit_us, >, 1000);
  }
}

/* Measured while others used the machine, it would be called slow for ever. */
static void
test_a_speed_is_measured_again_after_a_week_and_the_better_one_kept (void)
{
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, 1, NULL);
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "llama4describe", "speed.ini", NULL);
  const L4Speed slow_memory = { 2, 1e17, 3 };
  const gint64 now = g_get_real_time () / G_USEC_PER_SEC;
  L4Speed speed;

  g_assert_true (l4_machine_keep (compute, &slow_memory));
  g_assert_false (l4_machine_is_old (compute));
  for (guint i = 0; i < 3; i++) {
    const gint64 times[] = { now - 8 * 24 * 3600, now + 3600, now - 3600 };
    g_autoptr (GKeyFile) kept = g_key_file_new ();
    g_auto (GStrv) groups = NULL;

    g_assert_true (g_key_file_load_from_file (kept, path, G_KEY_FILE_NONE, NULL));
    groups = g_key_file_get_groups (kept, NULL);
    for (guint k = 0; groups[k] != NULL; k++)
      g_key_file_set_int64 (kept, groups[k], "measured", times[i]);
    g_assert_true (g_key_file_save_to_file (kept, path, NULL));
    g_assert_cmpint (l4_machine_is_old (compute), ==, i < 2);
  }
  g_assert_true (l4_machine_measure (compute, &speed, NULL));
  g_assert_cmpfloat (speed.bytes_per_second, >, 1e8);
  g_assert_cmpfloat (speed.matrix_per_second, ==, slow_memory.matrix_per_second);
  g_assert_true (l4_machine_recall (compute, &speed));
  g_assert_cmpfloat (speed.dots_per_second, >, 1e8);
  g_assert_false (l4_machine_is_old (compute));
  g_unlink (path);
}

static void
test_a_damaged_note_of_the_speed_is_no_speed (void)
{
  static const char *const notes[] = { "", "nonsense", "bytes-per-second=nan", "bytes-per-second=0", "bytes-per-second=-5",
    "bytes-per-second=1e300"
  };
  g_autoptr (L4Compute) compute = l4_compute_new (L4_PRECISION_BF16, 1, NULL);
  g_autofree char *path = g_build_filename (g_get_user_cache_dir (), "llama4describe", "speed.ini", NULL);
  L4Speed speed = { 1e9, 1e9, 1e9 };

  g_assert_true (l4_machine_keep (compute, &speed));
  g_assert_true (l4_machine_recall (compute, &speed));
  for (guint i = 0; i < G_N_ELEMENTS (notes); i++) {
    g_autofree char *text = NULL;
    g_autoptr (GString) damaged = NULL;

    g_assert_true (l4_machine_keep (compute, &speed));
    g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
    damaged = g_string_new (text);
    g_assert_cmpuint (g_string_replace (damaged, "bytes-per-second=1000000000", notes[i], 0), ==, 1);
    g_assert_true (g_file_set_contents (path, damaged->str, -1, NULL));
    g_assert_false (l4_machine_recall (compute, &speed));
    g_unlink (path);
  }
}

/* Pace by itself: one stage of work that the machine does in a second at least -------------------------------------------- */

#define SECOND_OF_WORK {{ 0 }, { 5e11, 2e9, 0 }, { 0 }}
static const L4Speed machine = { 2e9, 1e12, 4e12 };

static void
test_without_measurements_a_forecast_is_the_machines_limit (void)
{
  const L4Work work[L4_N_STAGES] = SECOND_OF_WORK;
  L4Pace *pace = l4_pace_new (FALSE);

  g_assert_cmpfloat (l4_pace_forecast (pace, work), ==, 0);
  l4_pace_set_machine (pace, &machine, TRUE);
  g_assert_cmpfloat_with_epsilon (l4_pace_forecast (pace, work), 1, 1e-9);
  l4_pace_free (pace);
}

static void
test_a_forecast_follows_what_was_measured (void)
{
  const L4Work work[L4_N_STAGES] = SECOND_OF_WORK, half[L4_N_STAGES] = { {0}, {2.5e11, 1e9, 0}, {0} };

  for (guint known = 0; known < 2; known++) {
    L4Pace *pace = l4_pace_new (FALSE);

    if (known)
      l4_pace_set_machine (pace, &machine, TRUE);
    g_assert_cmpfloat_with_epsilon (l4_pace_learn (pace, L4_STAGE_PREFILL, &work[L4_STAGE_PREFILL], 3), known, 1e-9);
    g_assert_cmpfloat_with_epsilon (l4_pace_forecast (pace, work), 3, 1e-9);
    g_assert_cmpfloat_with_epsilon (l4_pace_forecast (pace, half), 1.5, 1e-9);
    for (guint i = 0; i < 20; i++)      /* the machine has more to do now */
      l4_pace_learn (pace, L4_STAGE_PREFILL, &half[L4_STAGE_PREFILL], 4);
    g_assert_cmpfloat_with_epsilon (l4_pace_forecast (pace, half), 4, 0.05);
    l4_pace_free (pace);
  }
}

static void
test_a_machine_that_is_outdone_is_doubted (void)
{
  const L4Work work[L4_N_STAGES] = SECOND_OF_WORK;
  L4Pace *pace = l4_pace_new (FALSE);

  l4_pace_set_machine (pace, &machine, FALSE);
  g_assert_false (l4_pace_knows_machine (pace));
  l4_pace_set_machine (pace, &machine, TRUE);
  l4_pace_learn (pace, L4_STAGE_PREFILL, &work[L4_STAGE_PREFILL], 2);
  g_assert_true (l4_pace_knows_machine (pace));
  l4_pace_learn (pace, L4_STAGE_PREFILL, &work[L4_STAGE_PREFILL], 0.5);
  g_assert_false (l4_pace_knows_machine (pace));
  for (guint i = 0; i < 2; i++)         /* it is as slow as ever: what outdoes it never came from memory */
    l4_pace_set_machine (pace, &machine, TRUE);
  l4_pace_learn (pace, L4_STAGE_PREFILL, &work[L4_STAGE_PREFILL], 0.5);
  g_assert_true (l4_pace_knows_machine (pace));
  l4_pace_free (pace);
}

static void
assert_limit (gboolean quantised, L4Stage stage, const L4Work *work, double seconds, double limit)
{
  L4Pace *pace = l4_pace_new (quantised);

  l4_pace_set_machine (pace, &machine, TRUE);
  g_assert_cmpfloat_with_epsilon (l4_pace_learn (pace, stage, work, seconds), limit, 1e-9);
  l4_pace_free (pace);
}

static void
test_arithmetic_or_memory_whichever_takes_longer_is_the_limit (void)
{
  const L4Work arithmetic = { 8e12, 1, 0 }, memory = { 1, 5e9, 1e9 };

  assert_limit (FALSE, L4_STAGE_VISION, &arithmetic, 100, 8);
  assert_limit (TRUE, L4_STAGE_VISION, &arithmetic, 100, 8);    /* pictures are not quantised */
  assert_limit (FALSE, L4_STAGE_PREFILL, &arithmetic, 100, 8);
  assert_limit (TRUE, L4_STAGE_PREFILL, &arithmetic, 100, 2);
  assert_limit (TRUE, L4_STAGE_DECODE, &memory, 100, 3);
}

static void
test_what_was_done_faster_than_the_machine_was_measured_is_the_limit (void)
{
  const L4Work work = { 8e12, 1, 0 };

  assert_limit (FALSE, L4_STAGE_PREFILL, &work, 5, 5);
}

int
main (int argc, char **argv)
{
  g_autofree char *cache = g_dir_make_tmp ("llama4-cache-XXXXXX", NULL), *folder = g_build_filename (cache, "llama4describe", NULL);
  g_autofree char *file = g_build_filename (folder, "speed.ini", NULL);
  int result;

  g_setenv ("XDG_CACHE_HOME", cache, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/forecast/what-is-forecast-is-what-the-answer-then-counts", test_what_is_forecast_is_what_the_answer_then_counts);
  g_test_add_func ("/forecast/forecasting-changes-no-answer", test_forecasting_changes_no_answer);
  g_test_add_func ("/forecast/longer-answers-and-more-tiles-cost-more", test_longer_answers_and_more_tiles_cost_more);
  g_test_add_func ("/forecast/questions-count-by-what-they-do-not-share", test_questions_count_by_what_they_do_not_share);
  g_test_add_func ("/forecast/keys-and-values-count-as-they-are-kept", test_keys_and_values_count_as_they_are_kept);
  g_test_add_func ("/forecast/what-cannot-be-answered-is-not-forecast", test_what_cannot_be_answered_is_not_forecast);
  g_test_add_func ("/forecast/the-machine-is-measured-once-and-its-speed-kept", test_the_machine_is_measured_once_and_its_speed_kept);
  g_test_add_func ("/forecast/a-speed-is-measured-again-after-a-week-and-the-better-one-kept",
      test_a_speed_is_measured_again_after_a_week_and_the_better_one_kept);
  g_test_add_func ("/forecast/a-machine-that-is-outdone-is-doubted", test_a_machine_that_is_outdone_is_doubted);
  g_test_add_func ("/forecast/a-damaged-note-of-the-speed-is-no-speed", test_a_damaged_note_of_the_speed_is_no_speed);
  g_test_add_func ("/forecast/without-measurements-a-forecast-is-the-machines-limit",
      test_without_measurements_a_forecast_is_the_machines_limit);
  g_test_add_func ("/forecast/a-forecast-follows-what-was-measured", test_a_forecast_follows_what_was_measured);
  g_test_add_func ("/forecast/arithmetic-or-memory-whichever-takes-longer-is-the-limit",
      test_arithmetic_or_memory_whichever_takes_longer_is_the_limit);
  g_test_add_func ("/forecast/what-was-done-faster-than-the-machine-was-measured-is-the-limit",
      test_what_was_done_faster_than_the_machine_was_measured_is_the_limit);
  result = g_test_run ();
  g_unlink (file);
  g_rmdir (folder);
  g_rmdir (cache);
  return result;
}
