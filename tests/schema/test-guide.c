/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Masks have the tokens that a value can go on with, and no others; answers come to an end in time. */

#include <math.h>
#include <string.h>

#include "schema/automaton.h"
#include "schema/guide.h"
#include "schema/pieces.h"

#define TOKENS 2000
#define STOP (TOKENS - 1)

static const char *const schemas[] = {
  "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":-3,\"maximum\":250},\"what\":{\"type\":\"string\",\"maxLength\":24},"
      "\"tags\":{\"type\":\"array\",\"items\":{\"enum\":[\"car\",\"cart\",7]},\"minItems\":1,\"maxItems\":3}},\"required\":[\"a\",\"tags\"]}",
  "{\"type\":\"string\",\"minLength\":40,\"maxLength\":60}",
  "{\"type\":\"string\",\"minLength\":30}",
  "{\"type\":\"string\",\"pattern\":\"^[a-f]{2}(-[0-9]{2}){1,3}$\"}",
  "{\"$defs\":{\"t\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/t\"}}},\"$ref\":\"#/$defs/t\"}",
  "{\"type\":\"number\",\"minimum\":0.5}",
  "{}",
};

static L4Schema *
read_schema (const char *text)
{
  g_autoptr (GError) error = NULL;
  L4Schema *schema = l4_schema_new (text, &error);

  g_assert_no_error (error);
  return schema;
}

/* Deterministic, and different for every token and step. */
static void
make_logits (float *logits, guint n, guint step)
{
  guint64 state = step * 0x9e3779b97f4a7c15u + 1;

  for (guint i = 0; i < n; i++) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    logits[i] = (float) (state >> 40);
  }
}

/* An answer of at most `tokens` tokens, of which *taken were taken. (transfer full) */
static GString *
answer (L4Guide *guide, const L4Vocabulary *vocabulary, guint tokens, guint seed, guint *taken, gboolean *steered)
{
  g_autoptr (L4Sampler) sampler = l4_sampler_new (0, 1, 0, NULL);
  g_autofree float *logits = g_new (float, vocabulary->n_tokens);
  const gint64 stop = (gint32) vocabulary->n_tokens - 1;
  const L4StopTokens stops = { &stop, 1 };
  GString *text = g_string_new (NULL);
  guint64 needed;

  *steered = FALSE;
  g_assert_true (l4_guide_begin (guide, tokens, &needed));
  for (*taken = 0; *taken < tokens && !l4_guide_must_end (guide);) {
    gint32 id;

    make_logits (logits, vocabulary->n_tokens, seed * 1000 + *taken);
    id = l4_guide_choose (guide, sampler, logits, &stops, tokens - *taken - 1, steered);
    if (id == stop || id == L4_GUIDE_END)
      break;
    g_assert_cmpint (id, >=, 0);
    g_string_append_len (text, vocabulary->bytes[id], vocabulary->lengths[id]);
    *taken += 1;
  }
  return text;
}

static gboolean
mask_has (const guint32 *mask, guint32 token)
{
  return mask[token / 32] >> token % 32 & 1;
}

/* What a token leads to is found out byte by byte after the whole text. */
static void
assert_mask_is_right (const L4Schema *schema, const L4Vocabulary *vocabulary, const guint32 *mask, const char *text, gsize length)
{
  g_autoptr (L4Automaton) automaton = l4_automaton_new (schema);
  guint32 begin = l4_automaton_begin (automaton);

  for (gsize i = 0; i < length; i++)
    begin = l4_automaton_step (automaton, begin, (guint8) text[i]);
  for (guint32 token = 0; token < vocabulary->n_tokens; token++) {
    guint32 state = begin;

    for (guint32 i = 0; i < vocabulary->lengths[token]; i++)
      state = l4_automaton_step (automaton, state, (guint8) vocabulary->bytes[token][i]);
    g_assert_cmpint (mask_has (mask, token), ==, vocabulary->lengths[token] > 0 && state != L4_STATE_DEAD);
  }
}

/* Of states that may take all the memory, or 1: too little for any. */
static void
assert_masks_are_right (gsize memory)
{
  g_autoptr (L4Vocabulary) vocabulary = make_vocabulary (TOKENS);

  for (guint s = 0; s < G_N_ELEMENTS (schemas); s++) {
    g_autoptr (L4Schema) schema = read_schema (schemas[s]);
    g_autoptr (L4Guide) guide = l4_guide_new (schema, vocabulary), other = l4_guide_new (schema, vocabulary);
    g_autoptr (GString) text = NULL;
    gboolean steered;
    guint64 needed;
    guint taken;

    l4_guide_set_memory (guide, memory);
    l4_guide_set_memory (other, memory);
    text = answer (guide, vocabulary, 60, s, &taken, &steered);
    g_assert_true (l4_guide_begin (other, 60, &needed));
    assert_mask_is_right (schema, vocabulary, l4_guide_mask (other), "", 0);
    for (gsize at = 0; at + 1 < text->len; at++)
      if (l4_guide_take (other, (guint32) (guint8) text->str[at], 1000))
        assert_mask_is_right (schema, vocabulary, l4_guide_mask (other), text->str, at + 1);
      else
        g_assert_not_reached ();
    g_assert_cmpint (l4_guide_stats (other).forgotten > 0, ==, memory == 1);
  }
}

static void
test_masks_are_what_bytes_lead_to (void)
{
  assert_masks_are_right (G_MAXSIZE);
}

static void
test_masks_are_the_same_when_states_are_forgotten_on_the_way (void)
{
  assert_masks_are_right (1);
}

static void
test_every_number_of_tokens_that_is_enough_makes_a_whole_value (void)
{
  g_autoptr (L4Vocabulary) vocabulary = make_vocabulary (TOKENS);
  guint n_steered = 0;

  for (guint s = 0; s < G_N_ELEMENTS (schemas); s++) {
    g_autoptr (L4Schema) schema = read_schema (schemas[s]);
    g_autoptr (L4Guide) guide = l4_guide_new (schema, vocabulary);

    for (guint tokens = 1; tokens < 70; tokens++) {
      guint64 needed;
      gboolean steered;
      guint taken;

      if (!l4_guide_begin (guide, tokens, &needed)) {
        g_assert_cmpuint (needed, >, tokens);
        continue;
      }
      for (guint seed = 0; seed < 10; seed++) {
        g_autoptr (GString) text = answer (guide, vocabulary, tokens, seed, &taken, &steered);

        g_assert_cmpuint (taken, <=, tokens);
        g_assert_true (l4_schema_accepts (schema, text->str, text->len));
        n_steered += steered;
      }
    }
  }
  g_assert_cmpuint (n_steered, >, 100);
}

/* What is said as few tokens as it can be may be said, however many bytes it has. */
static void
test_tokens_are_counted_and_not_bytes (void)
{
  g_autoptr (L4Vocabulary) vocabulary = make_vocabulary (TOKENS);
  g_autoptr (L4Schema) schema = read_schema ("{\"enum\":[\"true\\\",\\\"false true true true true\"]}");
  g_autoptr (L4Guide) guide = l4_guide_new (schema, vocabulary);
  const char *text = "\"true\\\",\\\"false true true true true\"";
  g_autoptr (GArray) split = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint64 needed;

  g_assert_true (l4_vocabulary_split (vocabulary, text, strlen (text), split));
  g_assert_cmpuint (split->len, <, strlen (text) * 3 / 4);
  g_assert_true (l4_guide_begin (guide, split->len, &needed));
  g_assert_false (l4_guide_begin (guide, split->len - 1, &needed));
  g_assert_cmpuint (needed, <=, split->len);
  g_assert_true (l4_guide_begin (guide, split->len, &needed));
  for (guint i = 0; i < split->len; i++) {
    guint32 token = l4_guide_shortest (guide);

    g_assert_true (mask_has (l4_guide_mask (guide), token));
    g_assert_true (l4_guide_take (guide, token, split->len - 1 - i));
  }
  g_assert_true (l4_guide_must_end (guide));
}

static void
test_a_complete_value_ends_by_itself_or_by_the_models_token (void)
{
  g_autoptr (L4Vocabulary) vocabulary = make_vocabulary (TOKENS);
  g_autoptr (L4Schema) closed = read_schema ("{\"type\":\"boolean\"}"), open = read_schema ("{\"type\":\"integer\"}");
  g_autoptr (L4Guide) one = l4_guide_new (closed, vocabulary), other = l4_guide_new (open, vocabulary);
  g_autoptr (L4Sampler) sampler = l4_sampler_new (0, 1, 0, NULL);
  g_autofree float *logits = g_new0 (float, TOKENS);
  const gint64 stop = STOP;
  const L4StopTokens stops = { &stop, 1 };
  gboolean steered = FALSE;
  guint64 needed;

  g_assert_true (l4_guide_begin (one, 10, &needed));
  for (const char *at = "true"; *at != '\0'; at++) {
    g_assert_false (l4_guide_may_end (one));
    g_assert_true (l4_guide_take (one, (guint32) *at, 10));
  }
  g_assert_true (l4_guide_must_end (one));
  g_assert_true (l4_guide_begin (other, 10, &needed));
  logits[STOP] = 9;             /* what the model likes best, but not yet */
  logits['7'] = 5;
  g_assert_cmpint (l4_guide_choose (other, sampler, logits, &stops, 9, &steered), ==, '7');
  g_assert_true (l4_guide_may_end (other) && !l4_guide_must_end (other));
  memset (logits, 0, TOKENS * sizeof (float));
  logits[STOP] = 9;
  g_assert_cmpint (l4_guide_choose (other, sampler, logits, &stops, 8, &steered), ==, STOP);
  g_assert_false (steered);
}

static void
test_logits_that_are_no_numbers_are_told (void)
{
  g_autoptr (L4Vocabulary) vocabulary = make_vocabulary (TOKENS);
  g_autoptr (L4Schema) schema = read_schema ("{}");
  g_autoptr (L4Guide) guide = l4_guide_new (schema, vocabulary);
  g_autoptr (L4Sampler) sampler = l4_sampler_new (0, 1, 0, NULL);
  g_autofree float *logits = g_new (float, TOKENS);
  const L4StopTokens stops = { NULL, 0 };
  gboolean steered = FALSE;
  guint64 needed;

  for (guint i = 0; i < TOKENS; i++)
    logits[i] = NAN;
  g_assert_true (l4_guide_begin (guide, 10, &needed));
  g_assert_cmpint (l4_guide_choose (guide, sampler, logits, &stops, 9, &steered), ==, -1);
}

static void
put_nothing (gpointer user_data, guint32 token, GString *bytes)
{
}

static void
test_a_vocabulary_without_text_makes_no_answer (void)
{
  g_autoptr (L4Vocabulary) vocabulary = l4_vocabulary_new (3, put_nothing, NULL);
  g_autoptr (L4Schema) schema = read_schema ("{\"type\":\"string\",\"minLength\":30}");
  g_autoptr (L4Guide) guide = l4_guide_new (schema, vocabulary);
  g_autoptr (L4Sampler) sampler = l4_sampler_new (0, 1, 0, NULL);
  float logits[3] = { 1, 2, 3 };
  const L4StopTokens stops = { NULL, 0 };
  gboolean steered = FALSE;
  guint64 needed;

  g_assert_false (l4_guide_begin (guide, 20, &needed));
  g_assert_cmpuint (needed, >, 20);
  g_assert_true (l4_guide_begin (guide, 100, &needed));
  g_assert_cmpint (l4_guide_choose (guide, sampler, logits, &stops, 99, &steered), ==, -1);
}

/* Long answers and many states: what is forgotten is found again. */
static void
test_states_that_were_forgotten_are_found_again (void)
{
  g_autoptr (L4Vocabulary) vocabulary = make_vocabulary (TOKENS);
  g_autoptr (L4Schema) schema = read_schema ("{\"type\":\"array\",\"minItems\":30000,\"maxItems\":30000,\"items\":{\"type\":\"boolean\"}}");
  g_autoptr (L4Guide) guide = l4_guide_new (schema, vocabulary);
  guint64 needed;
  guint n = 0;

  g_assert_true (l4_guide_begin (guide, 400000, &needed));
  for (; !l4_guide_must_end (guide); n++)
    g_assert_true (l4_guide_take (guide, (guint32) (guint8) (n == 0 ? '[' : n == 150000 ? ']' : ",true"[n % 5 == 1 ? 1 : n % 5 == 0 ? 0 : n % 5]), 400000));
  g_assert_cmpuint (n, ==, 150001);
}

/* Text of one token is the others', however often it is asked for. */
static void
test_masks_are_kept (void)
{
  g_autoptr (L4Vocabulary) vocabulary = make_vocabulary (TOKENS);
  g_autoptr (L4Schema) schema = read_schema ("{\"type\":\"string\",\"maxLength\":500}");
  g_autoptr (L4Guide) guide = l4_guide_new (schema, vocabulary);
  guint64 needed;

  for (guint round = 0; round < 3; round++) {
    g_assert_true (l4_guide_begin (guide, 1000, &needed));
    g_assert_true (l4_guide_take (guide, '"', 1000));
    for (guint i = 0; i < 300; i++) {
      l4_guide_mask (guide);
      g_assert_true (l4_guide_take (guide, 'a', 1000));
    }
  }
  g_assert_cmpuint (l4_guide_stats (guide).masks, ==, 900);
  g_assert_cmpuint (l4_guide_stats (guide).walks, <, 5);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/guide/masks-are-what-bytes-lead-to", test_masks_are_what_bytes_lead_to);
  g_test_add_func ("/guide/masks-are-the-same-when-states-are-forgotten-on-the-way",
      test_masks_are_the_same_when_states_are_forgotten_on_the_way);
  g_test_add_func ("/guide/every-number-of-tokens-that-is-enough-makes-a-whole-value", test_every_number_of_tokens_that_is_enough_makes_a_whole_value);
  g_test_add_func ("/guide/tokens-are-counted-and-not-bytes", test_tokens_are_counted_and_not_bytes);
  g_test_add_func ("/guide/a-complete-value-ends-by-itself-or-by-the-models-token", test_a_complete_value_ends_by_itself_or_by_the_models_token);
  g_test_add_func ("/guide/logits-that-are-no-numbers-are-told", test_logits_that_are_no_numbers_are_told);
  g_test_add_func ("/guide/a-vocabulary-without-text-makes-no-answer", test_a_vocabulary_without_text_makes_no_answer);
  g_test_add_func ("/guide/states-that-were-forgotten-are-found-again", test_states_that_were_forgotten_are_found_again);
  g_test_add_func ("/guide/masks-are-kept", test_masks_are_kept);
  return g_test_run ();
}
