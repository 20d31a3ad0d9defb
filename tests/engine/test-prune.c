/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures that show again what is known: what is left out of them, and that the rest is shown as ever. */

#include <string.h>

#include "base/memory.h"
#include "engine/prompt.h"
#include "engine/prune.h"

/* A tile of 16 pixels and 4 x 4 tokens, each of 4 pixels. */
#define SIDE 16
#define TOKENS 16
static const L4VisionConfig vision = {.image_size = SIDE,.patch_size = 2,.shuffle = 2,.channels = 3,.max_patches = 4 };

#define MAX_PICTURES 8
typedef struct
{
  guint8 pixels[MAX_PICTURES][2 * SIDE * SIDE * 3];
  L4Picture pictures[MAX_PICTURES];
  const L4Picture *list[MAX_PICTURES];
  L4Canvas canvases[MAX_PICTURES];
  gsize n;
  gboolean dropped[MAX_PICTURES * 3 * TOKENS];
} Film;

static void
add (Film *self, guint width, guint height, guint max_tiles, guint8 level)
{
  gsize i = self->n++;

  g_assert_cmpuint (self->n, <=, MAX_PICTURES);
  memset (self->pixels[i], level, sizeof self->pixels[i]);
  self->pictures[i] = (L4Picture) { self->pixels[i], width, height, width * 3 };
  self->list[i] = &self->pictures[i];
  l4_canvas_choose (&vision, max_tiles, width, height, &self->canvases[i]);
}

static void
paint (Film *self, gsize i, guint x, guint y, guint8 level)
{
  memset (self->pixels[i] + y * self->pictures[i].stride + 3 * x, level, 3);
}

/* One text a picture: a letter for each token in turn, x where it is left out. (transfer full) */
static char *
marks (Film *self, double limit)
{
  g_autoptr (GString) text = g_string_new (NULL);
  gint64 n, said = l4_prune_mark (&vision, self->list, self->canvases, self->n, limit, self->dropped);
  const gboolean *mark = self->dropped;

  for (gsize i = 0; i < self->n; i++) {
    g_string_append (text, i > 0 ? " " : "");
    for (guint t = 0; t < self->canvases[i].n_tiles * TOKENS; t++)
      g_string_append_c (text, *mark++ ? 'x' : '.');
  }
  n = 0;
  for (const char *at = text->str; *at != '\0'; at++)
    n += *at == 'x';
  g_assert_cmpint (n, ==, said);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
assert_marks (Film *self, double limit, const char *expected)
{
  g_autofree char *text = marks (self, limit);

  g_assert_cmpstr (text, ==, expected);
  memset (self->dropped, 0, sizeof self->dropped);
}

static void
test_what_did_not_change_is_left_out (void)
{
  Film film = { 0 };

  add (&film, SIDE, SIDE, 1, 90);
  add (&film, SIDE, SIDE, 1, 90);
  assert_marks (&film, 0.01, "................ xxxxxxxxxxxxxxxx");
  assert_marks (&film, 0, "................ ................");
}

static void
test_a_change_of_one_pixel_shows_its_place_alone (void)
{
  Film film = { 0 };

  add (&film, SIDE, SIDE, 1, 90);
  add (&film, SIDE, SIDE, 1, 90);
  paint (&film, 1, 9, 6, 101);  /* in the third token of the second row: 11 of 255 */
  assert_marks (&film, 0.04, "................ xxxxxx.xxxxxxxxx");
  assert_marks (&film, 0.05, "................ xxxxxxxxxxxxxxxx");
}

/* Compared is with the picture that shows a place: what changes slowly does not vanish. */
static void
test_a_slow_change_is_shown_in_time (void)
{
  Film film = { 0 };

  for (guint i = 0; i < 7; i++)
    add (&film, SIDE, SIDE, 1, 90 + 4 * i);
  assert_marks (&film, 10 / 255.0, "................ xxxxxxxxxxxxxxxx xxxxxxxxxxxxxxxx ................ xxxxxxxxxxxxxxxx xxxxxxxxxxxxxxxx ................");
}

static void
test_another_size_is_shown_whole (void)
{
  Film film = { 0 };

  add (&film, SIDE, SIDE, 1, 90);
  add (&film, SIDE, SIDE / 2, 1, 90);
  add (&film, SIDE, SIDE / 2, 1, 90);
  add (&film, SIDE, SIDE, 1, 90);
  assert_marks (&film, 0.5, "................ ................ xxxxxxxxxxxxxxxx ................");
}

static void
test_a_change_is_shown_in_its_tile_and_in_the_overview (void)
{
  Film film = { 0 };

  add (&film, 2 * SIDE, SIDE, 2, 90);
  add (&film, 2 * SIDE, SIDE, 2, 90);
  g_assert_cmpuint (film.canvases[0].grid.cols, ==, 2);
  paint (&film, 1, SIDE + 1, SIDE - 1, 255);    /* the first token of the last row of the second tile; halfway across */
  assert_marks (&film, 0.04, "................................................ xxxxxxxxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxx.x");
}

/* On a model ------------------------------------------------------------------------------------------------------------------- */

#define MODEL_SIDE 56           /* of a tile: four tokens */
#define MODEL_TOKENS 4

typedef struct
{
  L4Llama *model;
  L4PictureCache *cache;
  guint8 pixels[2][MODEL_SIDE * MODEL_SIDE * 3];
  L4Part parts[3];
  L4Message message;
} Scene;

/* Two pictures that differ in the last of four places. */
static void
set_up (Scene *self, gconstpointer data)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "frames-tiny", NULL);
  const L4LoadOptions options = {.model_path = path,.threads = 2 };
  g_autoptr (GError) error = NULL;

  self->model = l4_llama_load (&options, L4_PRECISION_BF16, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  self->cache = l4_picture_cache_new ();
  for (gsize i = 0; i < sizeof self->pixels[0]; i++)
    self->pixels[0][i] = self->pixels[1][i] = i * 37 % 251;
  memset (self->pixels[1] + sizeof self->pixels[1] - 30, 0, 30);
  for (guint i = 0; i < 2; i++)
    self->parts[i].picture = (L4Picture) { self->pixels[i], MODEL_SIDE, MODEL_SIDE, MODEL_SIDE * 3 };
  self->parts[2].text = "What moves?";
  self->message = (L4Message) { L4_ROLE_USER, self->parts, G_N_ELEMENTS (self->parts) };
}

static void
tear_down (Scene *self, gconstpointer data)
{
  l4_picture_cache_free (self->cache);
  l4_llama_free (self->model);
}

static void
prepare (Scene *self, double prune, L4Prompt *prompt)
{
  const L4GenerateOptions options = {.max_tokens = 1,.max_tiles = 1,.prune = prune };
  g_autoptr (GError) error = NULL;

  l4_prompt_prepare (self->model, self->cache, &self->message, 1, &options, prompt, &error);
  g_assert_no_error (error);
  l4_pictures_encode (self->model, self->cache, &prompt->pictures, 0, NULL, &error);
  g_assert_no_error (error);
}

/* Both when the pictures are encoded and when they are known from before. */
static void
test_the_prompt_holds_the_other_tokens_as_they_were (Scene *self, gconstpointer data)
{
  gsize hidden = self->model->config->text.hidden;
  g_auto (L4Prompt) whole = { 0 };

  prepare (self, 0, &whole);
  g_assert_cmpint (whole.pictures.n_tokens, ==, 2 * MODEL_TOKENS);
  for (guint again = 0; again < 2; again++) {
    g_auto (L4Prompt) pruned = { 0 };
    guint other = 0;

    if (again == 0) {
      l4_picture_cache_free (self->cache);
      self->cache = l4_picture_cache_new ();
    }
    prepare (self, 0.001, &pruned);
    g_assert_cmpint (pruned.pictures.n_tokens, ==, MODEL_TOKENS + 1);
    g_assert_cmpint (pruned.pictures.n_dropped, ==, MODEL_TOKENS - 1);
    g_assert_cmpuint (pruned.ids->len, ==, whole.ids->len - (MODEL_TOKENS - 1));
    g_assert_cmpmem (pruned.pictures.features, MODEL_TOKENS * hidden * sizeof (float), whole.pictures.features,
        MODEL_TOKENS * hidden * sizeof (float));
    g_assert_cmpmem (pruned.pictures.features + MODEL_TOKENS * hidden, hidden * sizeof (float),
        whole.pictures.features + (2 * MODEL_TOKENS - 1) * hidden, hidden * sizeof (float));
    for (guint t = 0; t < pruned.ids->len; t++, other++) {
      while (other < whole.ids->len && whole.places[other].picture && memcmp (&whole.places[other], &pruned.places[t], sizeof (L4Place)) != 0)
        other++;
      g_assert_cmpuint (other, <, whole.ids->len);
      g_assert_cmpmem (&whole.places[other], sizeof (L4Place), &pruned.places[t], sizeof (L4Place));
    }
    g_assert_cmpuint (other, ==, whole.ids->len);
  }
}

/* The first picture has four tokens in the prompt, the second one. */
static void
test_who_holds_a_pictures_tokens_needs_no_others (Scene *self, gconstpointer data)
{
  static const guint held[] = { 3, 4, 5 }, reused[] = { 0, 1, 2 };
  gsize row = self->model->config->text.hidden * sizeof (float);
  const L4GenerateOptions options = {.max_tokens = 1,.max_tiles = 1,.prune = 0.001 };
  g_auto (L4Prompt) whole = { 0 };

  prepare (self, 0.001, &whole);
  for (guint i = 0; i < G_N_ELEMENTS (held); i++) {
    L4PictureCache *nothing = l4_picture_cache_new ();
    g_auto (L4Prompt) prompt = { 0 };
    gint64 from = reused[i] == 0 ? 0 : held[i];

    g_assert_true (l4_prompt_prepare (self->model, nothing, &self->message, 1, &options, &prompt, NULL));
    for (guint again = 0; again < 2; again++) { /* counted, and then done */
      if (again == 0)
        l4_pictures_count (self->model, nothing, &prompt.pictures, held[i]);
      else
        g_assert_true (l4_pictures_encode (self->model, nothing, &prompt.pictures, held[i], NULL, NULL));
      g_assert_cmpuint (prompt.pictures.n_reused, ==, reused[i]);
      g_assert_cmpint (prompt.pictures.n_new_tiles, ==, 2 - reused[i]);
    }
    g_assert_cmpmem ((const guint8 *) prompt.pictures.features + from * row, (MODEL_TOKENS + 1 - from) * row,
        (const guint8 *) whole.pictures.features + from * row, (MODEL_TOKENS + 1 - from) * row);
    l4_picture_cache_free (nothing);
  }
}

static void
test_an_answer_tells_how_much_was_left_out (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "golden", "frames-tiny", NULL);
  const L4LoadOptions options = {.model_path = path,.threads = 2 };
  g_autoptr (GError) error = NULL;
  g_autoptr (L4Model) model = l4_model_load (&options, NULL, NULL, NULL, &error);
  g_autoptr (L4Session) session = l4_session_new (model);
  static guint8 pixels[MODEL_SIDE * MODEL_SIDE * 3];
  const L4Picture picture = { pixels, MODEL_SIDE, MODEL_SIDE, MODEL_SIDE * 3 };
  const L4Part parts[] = { {.picture = picture}, {.picture = picture}, {.picture = picture}, {.text = "What moves?"} };
  const L4Message message = { L4_ROLE_USER, parts, G_N_ELEMENTS (parts) };
  L4GenerateOptions generate = {.max_tokens = 4,.max_tiles = 1 };
  g_auto (L4Answer) whole = { 0 }, pruned = { 0 };
  L4Forecast forecast;

  g_assert_no_error (error);
  l4_session_answer (session, &message, 1, &generate, NULL, NULL, NULL, &whole, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (whole.pruned_tokens, ==, 0);
  generate.prune = 0.5;
  l4_session_forecast (session, &message, 1, &generate, &forecast, &error);
  g_assert_no_error (error);
  l4_session_answer (session, &message, 1, &generate, NULL, NULL, NULL, &pruned, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pruned.pruned_tokens, ==, 2 * MODEL_TOKENS);
  g_assert_cmpuint (pruned.prompt_tokens, ==, whole.prompt_tokens - 2 * MODEL_TOKENS);
  g_assert_cmpuint (forecast.prompt_tokens, ==, pruned.prompt_tokens);
  g_assert_cmpuint (pruned.reused_tokens, >, MODEL_TOKENS);     /* up to where the second picture began */
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/prune/what-did-not-change-is-left-out", test_what_did_not_change_is_left_out);
  g_test_add_func ("/prune/a-change-of-one-pixel-shows-its-place-alone", test_a_change_of_one_pixel_shows_its_place_alone);
  g_test_add_func ("/prune/a-slow-change-is-shown-in-time", test_a_slow_change_is_shown_in_time);
  g_test_add_func ("/prune/another-size-is-shown-whole", test_another_size_is_shown_whole);
  g_test_add_func ("/prune/a-change-is-shown-in-its-tile-and-in-the-overview", test_a_change_is_shown_in_its_tile_and_in_the_overview);
  g_test_add ("/prune/the-prompt-holds-the-other-tokens-as-they-were", Scene, NULL, set_up, test_the_prompt_holds_the_other_tokens_as_they_were,
      tear_down);
  g_test_add ("/prune/who-holds-a-pictures-tokens-needs-no-others", Scene, NULL, set_up, test_who_holds_a_pictures_tokens_needs_no_others,
      tear_down);
  g_test_add_func ("/prune/an-answer-tells-how-much-was-left-out", test_an_answer_tells_how_much_was_left_out);
  return g_test_run ();
}
