/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answers COUNT TOKENS SEED: for every line of standard input, a schema, COUNT answers of random logits, a line each; of these TOKENS at
 * most, or as many as the shortest answer takes. An empty line: there can be none. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schema/guide.h"
#include "schema/pieces.h"

#define VOCABULARY 3000
#define STOP (VOCABULARY - 1)

static guint64 random_state;

static guint32
next_random (void)
{
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (guint32) (random_state >> 32);
}

/* Now and then short tokens and the end are likelier, so that not every answer is as long as it may be. */
static void
make_logits (float *logits)
{
  guint32 mood = next_random () % 4;

  for (guint i = 0; i < VOCABULARY; i++)
    logits[i] = (float) next_random ();
  for (guint i = 0; mood == 0 && i < 256; i++)
    logits[i] += 4e9f;
  if (mood == 1) {
    logits['"'] += 8e9f;
    logits['}'] += 8e9f;
    logits[']'] += 8e9f;
    logits[STOP] += 9e9f;
  }
}

/* FALSE: a token was chosen that the guide did not allow, or the answer is only a part. */
static gboolean
print_answer (L4Guide *guide, const L4Vocabulary *vocabulary, guint tokens)
{
  static float logits[VOCABULARY];
  const gint64 stop = STOP;
  const L4StopTokens stops = { &stop, 1 };
  g_autoptr (L4Sampler) sampler = l4_sampler_new (0, 1, 0, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  gboolean steered = FALSE;
  guint64 needed;
  gint32 id = 0;

  if (!l4_guide_begin (guide, tokens, &needed) && !l4_guide_begin (guide, tokens = (guint) needed * 16, &needed))
    return puts ("") >= 0;
  for (guint n = 0; n < tokens && !l4_guide_must_end (guide); n++) {
    make_logits (logits);
    id = l4_guide_choose (guide, sampler, logits, &stops, tokens - n - 1, &steered);
    if (id == STOP || id == L4_GUIDE_END)
      break;
    if (id < 0)
      return FALSE;
    g_string_append_len (text, vocabulary->bytes[id], vocabulary->lengths[id]);
  }
  return l4_guide_may_end (guide) && puts (text->str) >= 0;
}

int
main (int argc, char **argv)
{
  guint count = (guint) atoi (argv[1]), tokens = (guint) atoi (argv[2]);
  g_autoptr (L4Vocabulary) vocabulary = make_vocabulary (VOCABULARY);
  char *line = NULL;
  size_t room = 0;
  int status = 0;

  random_state = strtoull (argv[3], NULL, 10) * 2654435761u + 88172645463325252u;
  while (status == 0 && getline (&line, &room, stdin) > 0) {
    g_autoptr (GError) error = NULL;
    g_autoptr (L4Schema) schema = l4_schema_new (line, &error);
    g_autoptr (L4Guide) guide = schema != NULL ? l4_guide_new (schema, vocabulary) : NULL;

    if (schema == NULL)
      fprintf (stderr, "%s\n", error->message);
    for (guint i = 0; i < count && status == 0; i++)
      status = schema == NULL || !print_answer (guide, vocabulary, tokens);
  }
  free (line);
  return status;
}
