/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Token masks: the vocabulary is gone through once for every state, tokens that begin alike together. */

#include "schema/guide.h"

#include <math.h>
#include <string.h>

#include "schema/automaton.h"

#define MAX_TRIES 16            /* choices that would not come to an end in time, before the shortest way is taken */

#define MAX_STATES 20000        /* remembered; then all are forgotten but what the answer needs */
#define MAX_STATE_BYTES (256u << 20)    /* unless one says otherwise */
#define MAX_MASK_BYTES (16u << 20)

struct _L4Guide
{
  const L4Vocabulary *vocabulary;
  L4Automaton *automaton;
  GHashTable *masks;            /* simplified state → guint32 * */
  gsize mask_bytes;
  gsize memory;                 /* bytes of states that are remembered */
  guint32 *path;                /* [longest + 1] states along a token */
  guint32 state;                /* of the answer so far */
  GArray *plan;                 /* guint32: tokens from here to the end; may be empty without being the end */
  L4GuideStats stats;
};

L4Guide *
l4_guide_new (const L4Schema *schema, const L4Vocabulary *vocabulary)
{
  L4Guide *self = g_new0 (L4Guide, 1);

  self->vocabulary = vocabulary;
  self->automaton = l4_automaton_new (schema);
  self->masks = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  self->mask_bytes = ((gsize) vocabulary->n_tokens + 31) / 32 * sizeof (guint32);
  self->memory = MAX_STATE_BYTES;
  self->path = g_new (guint32, vocabulary->longest + 1);
  self->plan = g_array_new (FALSE, FALSE, sizeof (guint32));
  return self;
}

void
l4_guide_free (L4Guide *self)
{
  if (self == NULL)
    return;
  l4_automaton_free (self->automaton);
  g_hash_table_unref (self->masks);
  g_free (self->path);
  g_array_unref (self->plan);
  g_free (self);
}

void
l4_guide_set_memory (L4Guide *self, gsize bytes)
{
  self->memory = bytes;
}

static guint32
follow (L4Guide *self, guint32 state, const char *bytes, gsize length)
{
  for (gsize i = 0; i < length && state != L4_STATE_DEAD; i++)
    state = l4_automaton_step (self->automaton, state, (guint8) bytes[i]);
  return state;
}

/* Only between tokens: states are numbers that a walk holds. */
static void
forget_many (L4Guide *self)
{
  if (l4_automaton_size (self->automaton) <= MAX_STATES && l4_automaton_bytes (self->automaton) <= self->memory)
    return;
  g_hash_table_remove_all (self->masks);
  l4_automaton_forget (self->automaton, &self->state, 1);
  self->stats.forgotten++;
}

/* Near the end ------------------------------------------------------------------------------------------------------------------- */

/* Whether the value can be completed from state with `left` tokens; they are put into plan when that is not plain from the bytes. */
static gboolean
can_complete (L4Guide *self, guint32 state, guint left, GArray *plan, guint64 *needed)
{
  guint64 bytes = l4_automaton_shortest (self->automaton, state);
  g_autoptr (GString) text = NULL;

  g_array_set_size (plan, 0);
  *needed = bytes;
  if (bytes <= left)            /* every byte is a token */
    return TRUE;
  *needed = bytes / MAX (self->vocabulary->longest, 1);
  if (*needed > left)
    return FALSE;
  text = g_string_sized_new (bytes + 1);
  l4_automaton_complete (self->automaton, state, text);
  if (!l4_vocabulary_split (self->vocabulary, text->str, text->len, plan))
    return FALSE;
  *needed = plan->len;
  return plan->len <= left;
}

gboolean
l4_guide_begin (L4Guide *self, guint left, guint64 *needed)
{
  self->state = l4_automaton_begin (self->automaton);
  forget_many (self);
  return can_complete (self, self->state, left, self->plan, needed);
}

gboolean
l4_guide_take (L4Guide *self, guint32 token, guint left)
{
  g_autoptr (GArray) plan = g_array_new (FALSE, FALSE, sizeof (guint32));
  const char *bytes = self->vocabulary->bytes[token];
  guint32 length = self->vocabulary->lengths[token];
  guint32 next = follow (self, self->state, bytes, length);
  gboolean as_planned = self->plan->len > 0 && g_array_index (self->plan, guint32, 0) == token && self->plan->len - 1 <= left;
  guint64 needed;

  if (length == 0 || next == L4_STATE_DEAD)
    return FALSE;
  if (can_complete (self, next, left, plan, &needed)) {
    g_array_set_size (self->plan, 0);
    g_array_append_vals (self->plan, plan->data, plan->len);
  } else if (as_planned) {
    g_array_remove_index (self->plan, 0);
  } else {
    return FALSE;
  }
  self->state = next;
  forget_many (self);
  return TRUE;
}

guint32
l4_guide_shortest (L4Guide *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (self->plan->len == 0) {
    l4_automaton_complete (self->automaton, self->state, text);
    l4_vocabulary_split (self->vocabulary, text->str, text->len, self->plan);
  }
  return self->plan->len > 0 ? g_array_index (self->plan, guint32, 0) : L4_NO_TOKEN;
}

gboolean
l4_guide_may_end (const L4Guide *self)
{
  return l4_automaton_may_end (self->automaton, self->state);
}

gboolean
l4_guide_must_end (const L4Guide *self)
{
  return l4_automaton_must_end (self->automaton, self->state);
}

/* Masks ------------------------------------------------------------------------------------------------------------------------------ */

/* Leaves the state of the answer and those of the path, up to depth. */
static void
forget_others (L4Guide *self, guint depth)
{
  g_autofree guint32 *keep = g_new (guint32, depth + 2);

  keep[0] = self->state;
  memcpy (keep + 1, self->path, (depth + 1) * sizeof (guint32));
  g_hash_table_remove_all (self->masks);
  l4_automaton_forget (self->automaton, keep, depth + 2);
  self->stats.forgotten++;
  self->state = keep[0];
  memcpy (self->path, keep + 1, (depth + 1) * sizeof (guint32));
}

/* Of the state that path begins with afterwards: it may have got another number. */
static guint32 *
make_mask (L4Guide *self, guint32 state)
{
  gsize memory = self->memory;
  const L4VocabularyNode *nodes = self->vocabulary->nodes;
  guint32 *mask = g_malloc0 (self->mask_bytes);

  self->path[0] = state;
  for (guint i = 0; i < self->vocabulary->n_nodes;) {
    const L4VocabularyNode *node = &nodes[i];
    guint32 next = l4_automaton_step (self->automaton, self->path[node->depth - 1], node->byte);

    if (next == L4_STATE_DEAD) {
      i = node->after;
      continue;
    }
    self->path[node->depth] = next;
    if (node->token != L4_NO_TOKEN)
      mask[node->token / 32] |= 1u << node->token % 32;
    if (l4_automaton_bytes (self->automaton) > memory) {
      forget_others (self, node->depth);
      memory = MAX (memory, 2 * l4_automaton_bytes (self->automaton));  /* so that it is not done for every byte */
    }
    i++;
  }
  return mask;
}

const guint32 *
l4_guide_mask (L4Guide *self)
{
  guint32 state = l4_automaton_simplify (self->automaton, self->state, self->vocabulary->longest);
  guint32 *mask = g_hash_table_lookup (self->masks, GUINT_TO_POINTER (state));

  self->stats.masks++;
  if (mask != NULL)
    return mask;
  if (g_hash_table_size (self->masks) * self->mask_bytes > MAX_MASK_BYTES)
    g_hash_table_remove_all (self->masks);
  self->stats.walks++;
  mask = make_mask (self, state);
  g_hash_table_insert (self->masks, GUINT_TO_POINTER (self->path[0]), mask);
  return mask;
}

L4GuideStats
l4_guide_stats (const L4Guide *self)
{
  return self->stats;
}

/* Choosing ----------------------------------------------------------------------------------------------------------------------------- */

static gboolean
is_stop (const L4StopTokens *stops, gint32 id)
{
  for (guint i = 0; i < stops->n; i++)
    if (stops->ids[i] == id)
      return TRUE;
  return FALSE;
}

/* Leaves the logits of what may come. */
static void
mask_logits (L4Guide *self, float *logits, const L4StopTokens *stops)
{
  guint n = self->vocabulary->n_tokens;
  g_autofree float *ends = g_new (float, stops->n + 1);

  for (guint i = 0; i < stops->n; i++)
    ends[i] = l4_guide_may_end (self) && stops->ids[i] >= 0 && stops->ids[i] < n ? logits[stops->ids[i]] : -INFINITY;
  l4_logits_mask (logits, n, l4_guide_mask (self));
  for (guint i = 0; i < stops->n; i++)
    if (stops->ids[i] >= 0 && stops->ids[i] < n)
      logits[stops->ids[i]] = ends[i];
}

gint32
l4_guide_choose (L4Guide *self, L4Sampler *sampler, float *logits, const L4StopTokens *stops, guint left, gboolean *steered)
{
  guint n = self->vocabulary->n_tokens;
  gint32 id;

  mask_logits (self, logits, stops);
  for (guint try = 0; try < MAX_TRIES; try++) {
    id = l4_sampler_choose (sampler, logits, n);
    if (id < 0 && try == 0)
      return -1;
    if (id < 0)
      break;
    if (is_stop (stops, id) || l4_guide_take (self, (guint32) id, left))
      return id;
    *steered = TRUE;
    logits[id] = -INFINITY;
  }
  if (l4_guide_may_end (self))
    return L4_GUIDE_END;
  id = (gint32) l4_guide_shortest (self);       /* L4_NO_TOKEN: the vocabulary lacks its bytes */
  return id >= 0 && l4_guide_take (self, (guint32) id, left) ? id : -1;
}
