/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What masks take with a vocabulary of Llama 4's size, in answers of random logits. */

#include <time.h>

#include "schema/guide.h"
#include "schema/pieces.h"

#define TOKENS 202048
#define ANSWERS 20
#define LENGTH 100

static const char *const schemas[][2] = {
  {"alarm", "{\"type\":\"object\",\"properties\":{\"person\":{\"type\":\"boolean\"},\"count\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":50},"
        "\"vehicle\":{\"enum\":[\"none\",\"car\",\"lorry\",\"bicycle\"]},\"alarm\":{\"type\":\"boolean\"}},"
        "\"required\":[\"person\",\"count\",\"vehicle\",\"alarm\"],\"additionalProperties\":false}"},
  {"free text", "{\"type\":\"object\",\"properties\":{\"what\":{\"type\":\"string\"},\"why\":{\"type\":\"string\"}},\"required\":[\"what\",\"why\"]}"},
  {"text of 200", "{\"type\":\"object\",\"properties\":{\"what\":{\"type\":\"string\",\"maxLength\":200}},\"required\":[\"what\"]}"},
  {"text of 40", "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":5,\"maxLength\":40}}"},
  {"pattern", "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"pattern\":\"^[A-Z][a-z ]{3,30}$\"}}"},
  {"numbers", "{\"type\":\"array\",\"items\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1}}"},
  {"tree", "{\"$defs\":{\"t\":{\"type\":\"object\",\"properties\":{\"v\":{\"type\":\"string\"},\"l\":{\"$ref\":\"#/$defs/t\"},\"r\":{\"$ref\":\"#/$defs/t\"}},"
        "\"required\":[\"v\"]}},\"$ref\":\"#/$defs/t\"}"},
  {"anything", "{}"},
};

/* Milliseconds of work, whatever else the machine does. */
static double
now (void)
{
  struct timespec time;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
}

static guint32
next_random (void)
{
  static guint64 state = 88172645463325252u;

  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return (guint32) (state >> 32);
}

/* A token that the mask has: words in the main, as from a model, with the shares that answers have of what ends strings. */
static guint32
choose (const guint32 *mask)
{
  static const char ends[] = "\"}],:";
  guint32 token;

  if (next_random () % 8 == 0)
    for (guint i = 0; i < sizeof ends - 1; i++)
      if (mask[ends[i] / 32] >> ends[i] % 32 & 1)
        return (guint32) ends[i];
  for (guint32 try = 0; try < 100000; try++) {
    token = next_random () % TOKENS;
    if (mask[token / 32] >> token % 32 & 1)
      return token;
  }
  for (token = 0; (mask[token / 32] >> token % 32 & 1) == 0; token++);
  return token;
}

static void
measure (const char *name, const char *text, const L4Vocabulary *vocabulary, float *logits)
{
  g_autoptr (L4Schema) schema = l4_schema_new (text, NULL);
  g_autoptr (L4Guide) guide = l4_guide_new (schema, vocabulary);
  double spent[ANSWERS] = { 0 }, most = 0, rest = 0;
  guint64 needed, tokens = 0, first_tokens = 0, walks = 0;

  for (guint i = 0; i < ANSWERS; i++) {
    l4_guide_begin (guide, LENGTH, &needed);
    for (guint left = LENGTH; left > 0 && !l4_guide_must_end (guide); left--, tokens++) {
      double begun = now (), took;
      const guint32 *mask = l4_guide_mask (guide);
      guint32 token;

      l4_logits_mask (logits, TOKENS, mask);
      took = now () - begun;
      token = choose (mask);
      begun = now ();
      if (!l4_guide_take (guide, token, left - 1))
        l4_guide_take (guide, l4_guide_shortest (guide), left - 1);
      took += now () - begun;
      spent[i] += took;
      most = MAX (most, took);
    }
    if (i == 0) {
      first_tokens = tokens;
      walks = l4_guide_stats (guide).walks;
    } else {
      rest += spent[i];
    }
  }
  g_print ("%-12s first answer: %5.2f ms a token (%2" G_GUINT64_FORMAT " of %3" G_GUINT64_FORMAT " masks new), longest %5.1f ms; the next %u answers: %5.3f ms a token\n",
      name, spent[0] / MAX (first_tokens, 1), walks, first_tokens, most, ANSWERS - 1, rest / MAX (tokens - first_tokens, 1));
}

int
main (int argc, char **argv)
{
  double begun = now ();
  g_autoptr (L4Vocabulary) vocabulary = make_vocabulary (TOKENS);
  g_autofree float *logits = g_new0 (float, TOKENS);

  g_print ("vocabulary of %u tokens, %u nodes, made and sorted in %.0f ms\n", TOKENS, vocabulary->n_nodes, now () - begun);
  for (guint i = 0; i < G_N_ELEMENTS (schemas); i++)
    measure (schemas[i][0], schemas[i][1], vocabulary, logits);
  return 0;
}
