/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Regular expressions as automata: of characters first, then of the bytes that spell them. */

#include "schema/pattern.h"

#include <string.h>

#include "schema/pattern-private.h"

#define MAX_STATES 20000        /* of the automaton of characters, and with the lengths */
#define MAX_CELLS (4u << 20)    /* states times intervals */
#define MAX_WORK (20u << 20)    /* parts looked at */
#define MAX_BYTE_STATES 400000

#define SURROGATES 0xd800
#define AFTER_SURROGATES 0xe000

/* The parts that a string may be in after some characters, as bits. */
typedef guint64 *Parts;

typedef struct
{
  const L4PatternParts *parts;
  gsize n_words;                /* of a set of parts */
  guint64 *matters;             /* the parts that are more than ways to others */
  GArray *intervals;            /* L4CharacterEdge, without a target: characters that no class tells apart */
  GHashTable *known;            /* GBytes of parts → state */
  GPtrArray *sets;              /* of GBytes, by state */
  GArray *targets;              /* guint32 [states, intervals] */
  GByteArray *ends;             /* [states] */
  gsize work;
} Characters;

static const L4PatternPart *
get_part (const Characters *self, guint i)
{
  return &g_array_index (self->parts->parts, L4PatternPart, i);
}

/* Intervals ----------------------------------------------------------------------------------------------------------------- */

static int
compare_borders (gconstpointer a, gconstpointer b)
{
  gunichar one = *(const gunichar *) a, other = *(const gunichar *) b;

  return (one > other) - (one < other);
}

static void
find_intervals (Characters *self)
{
  const L4CharacterRange *ranges = (const L4CharacterRange *) self->parts->ranges->data;
  g_autoptr (GArray) borders = g_array_new (FALSE, FALSE, sizeof (gunichar));
  const gunichar always[] = { 0, SURROGATES, AFTER_SURROGATES, L4_MAX_CHARACTER + 1 };

  g_array_append_vals (borders, always, G_N_ELEMENTS (always));
  for (guint i = 0; i < self->parts->ranges->len; i++) {
    const gunichar both[] = { ranges[i].first, ranges[i].last + 1 };

    g_array_append_vals (borders, both, 2);
  }
  g_array_sort (borders, compare_borders);
  for (guint i = 0; i + 1 < borders->len; i++) {
    L4CharacterEdge interval = { g_array_index (borders, gunichar, i), g_array_index (borders, gunichar, i + 1) - 1, 0 };

    if (interval.first <= interval.last && interval.first != SURROGATES && interval.last <= L4_MAX_CHARACTER)
      g_array_append_val (self->intervals, interval);
  }
}

/* The ranges of a class are in their order. */
static gboolean
class_has (const Characters *self, const L4PatternPart *part, gunichar character)
{
  const L4CharacterRange *ranges = (const L4CharacterRange *) self->parts->ranges->data + part->first_range;
  guint from = 0, to = part->n_ranges;

  while (from < to) {
    guint middle = from + (to - from) / 2;

    if (character > ranges[middle].last)
      from = middle + 1;
    else
      to = middle;
  }
  return from < part->n_ranges && character >= ranges[from].first;
}

/* Sets of parts ---------------------------------------------------------------------------------------------------------------- */

static gboolean
set_has (const guint64 *set, guint i)
{
  return set[i / 64] >> i % 64 & 1;
}

/* Puts the part into the set, and those that follow without a character. */
static void
reach (Characters *self, Parts set, GArray *waiting, guint first, gboolean at_begin, gboolean at_end)
{
  g_array_set_size (waiting, 0);
  g_array_append_val (waiting, first);
  while (waiting->len > 0) {
    guint i = g_array_index (waiting, guint, waiting->len - 1);
    const L4PatternPart *part;

    g_array_set_size (waiting, waiting->len - 1);
    if (i == G_MAXUINT || set_has (set, i))
      continue;
    part = get_part (self, i);
    set[i / 64] |= (guint64) 1 << i % 64;
    self->work++;
    if (part->kind == L4_PART_FORK || (part->kind == L4_PART_BEGIN && at_begin) || (part->kind == L4_PART_END && at_end))
      g_array_append_val (waiting, part->next);
    if (part->kind == L4_PART_FORK)
      g_array_append_val (waiting, part->other);
  }
}

static guint
found_part (const Characters *self)
{
  return self->parts->parts->len - 1;
}

/* Leaves what tells sets apart: forks were followed, and once it is found nothing else matters. FALSE: nothing is left. */
static gboolean
simplify (const Characters *self, Parts set)
{
  guint found = found_part (self);
  gboolean is_found = set_has (set, found);
  guint64 any = 0;

  for (gsize word = 0; word < self->n_words; word++) {
    set[word] &= is_found ? 0 : self->matters[word];
    any |= set[word];
  }
  if (is_found)
    set[found / 64] |= (guint64) 1 << found % 64;
  return is_found || any != 0;
}

static gboolean
may_end (Characters *self, const guint64 *set, GArray *waiting)
{
  g_autofree guint64 *after = g_new0 (guint64, self->n_words);

  if (set_has (set, found_part (self)))
    return TRUE;
  for (guint i = 0; i < self->parts->parts->len; i++)
    if (set_has (set, i) && get_part (self, i)->kind == L4_PART_END)
      reach (self, after, waiting, get_part (self, i)->next, FALSE, TRUE);
  return set_has (after, found_part (self));
}

static guint32
find_state (Characters *self, const guint64 *set, GArray *waiting)
{
  GBytes *bytes = g_bytes_new (set, self->n_words * sizeof (guint64));
  gpointer state;

  if (g_hash_table_lookup_extended (self->known, bytes, NULL, &state)) {
    g_bytes_unref (bytes);
    return GPOINTER_TO_UINT (state);
  }
  state = GUINT_TO_POINTER (self->sets->len);
  g_hash_table_insert (self->known, bytes, state);
  g_ptr_array_add (self->sets, bytes);
  g_byte_array_append (self->ends, &(guint8) { may_end (self, set, waiting) }, 1);
  return GPOINTER_TO_UINT (state);
}

/* Where a set goes by a character. FALSE: nowhere. */
static gboolean
follow (Characters *self, const guint64 *set, gunichar character, Parts next, GArray *waiting)
{
  guint found = found_part (self);

  memset (next, 0, self->n_words * sizeof (guint64));
  if (set_has (set, found)) {
    next[found / 64] |= (guint64) 1 << found % 64;
    return TRUE;
  }
  reach (self, next, waiting, self->parts->start, FALSE, FALSE);        /* it may begin here just as well */
  for (gsize word = 0; word < self->n_words; word++)
    for (guint64 bits = set[word]; bits != 0; bits &= bits - 1) {
      guint i = (guint) (word * 64) + (guint) __builtin_ctzll (bits);
      const L4PatternPart *part = get_part (self, i);

      self->work++;
      if (part->kind == L4_PART_CHARACTERS && class_has (self, part, character))
        reach (self, next, waiting, part->next, FALSE, FALSE);
    }
  return simplify (self, next);
}

/* FALSE: it is too large. */
static gboolean
find_states (Characters *self)
{
  g_autoptr (GArray) waiting = g_array_new (FALSE, FALSE, sizeof (guint));
  g_autofree guint64 *next = g_new0 (guint64, self->n_words);

  reach (self, next, waiting, self->parts->start, TRUE, FALSE);
  simplify (self, next);
  find_state (self, next, waiting);
  for (guint state = 0; state < self->sets->len; state++)
    for (guint i = 0; i < self->intervals->len; i++) {
      guint32 target = L4_DFA_NONE;

      if (self->sets->len > MAX_STATES || self->targets->len > MAX_CELLS || self->work > MAX_WORK)
        return FALSE;
      if (follow (self, g_bytes_get_data (self->sets->pdata[state], NULL), g_array_index (self->intervals, L4CharacterEdge, i).first, next,
              waiting))
        target = find_state (self, next, waiting);
      g_array_append_val (self->targets, target);
    }
  return TRUE;
}

/* Bytes ------------------------------------------------------------------------------------------------------------------------ */

/* A state of characters after so many of them, as far as that matters. */
typedef struct
{
  guint32 state, count;
} Counted;

typedef struct
{
  const Characters *characters;
  guint32 least, most;
  L4DfaBuilder *builder;
  GHashTable *known;            /* state << 32 | count, → index in counted + 1 */
  GArray *counted;              /* of Counted */
  GArray *places;               /* guint32: their states in the builder */
} Product;

static guint32
find_counted (Product *self, guint32 state, guint32 count)
{
  gint64 key = (gint64) ((guint64) state << 32 | count);
  gpointer known = g_hash_table_lookup (self->known, &key);
  Counted counted = { state, count };
  guint32 place;

  if (known != NULL)
    return g_array_index (self->places, guint32, GPOINTER_TO_UINT (known) - 1);
  place = l4_dfa_builder_add (self->builder, FALSE);
  g_array_append_val (self->counted, counted);
  g_array_append_val (self->places, place);
  g_hash_table_insert (self->known, g_memdup2 (&key, sizeof key), GUINT_TO_POINTER (self->counted->len));
  return place;
}

/* Connects the i'th state of the product. */
static void
connect_counted (Product *self, guint i, guint32 end)
{
  const Characters *characters = self->characters;
  Counted from = g_array_index (self->counted, Counted, i);
  guint32 place = g_array_index (self->places, guint32, i);
  guint n = characters->intervals->len;
  g_autoptr (GArray) edges = g_array_new (FALSE, FALSE, sizeof (L4CharacterEdge));

  if (characters->ends->data[from.state] && from.count >= self->least)
    l4_dfa_builder_connect (self->builder, place, '"', '"', end);
  if (from.count == self->most)
    return;
  for (guint at = 0; at < n; at++) {
    L4CharacterEdge edge = g_array_index (characters->intervals, L4CharacterEdge, at);
    guint32 target = g_array_index (characters->targets, guint32, (gsize) from.state * n + at);
    guint32 count = self->most == L4_DFA_NONE ? MIN (from.count + 1, self->least) : from.count + 1;
    L4CharacterEdge *last = edges->len > 0 ? &g_array_index (edges, L4CharacterEdge, edges->len - 1) : NULL;

    if (target == L4_DFA_NONE)
      continue;
    edge.next = find_counted (self, target, count);
    if (last != NULL && last->next == edge.next && last->last + 1 == edge.first)
      last->last = edge.last;
    else
      g_array_append_val (edges, edge);
  }
  l4_dfa_builder_connect_characters (self->builder, place, (const L4CharacterEdge *) edges->data, edges->len);
}

/* NULL: it is too large. */
static L4Dfa *
make_dfa (const Characters *characters, guint32 least, guint32 most)
{
  g_autoptr (L4DfaBuilder) builder = l4_dfa_builder_new (MAX_BYTE_STATES);
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr (GArray) counted = g_array_new (FALSE, FALSE, sizeof (Counted)), places = g_array_new (FALSE, FALSE, sizeof (guint32));
  Product product = { characters, least, most, builder, known, counted, places };
  guint32 start = l4_dfa_builder_add (builder, FALSE), end = l4_dfa_builder_add (builder, TRUE);

  l4_dfa_builder_connect (builder, start, '"', '"', find_counted (&product, 0, 0));
  for (guint i = 0; i < counted->len; i++) {
    if (counted->len > MAX_STATES || l4_dfa_builder_is_full (builder))
      return NULL;
    connect_counted (&product, i, end);
  }
  return l4_dfa_builder_is_full (builder) ? NULL : l4_dfa_builder_finish (builder);
}

L4Dfa *
l4_pattern_to_dfa (const char *pattern, guint32 least, guint32 most, GError **error)
{
  g_auto (L4PatternParts) parts = { 0 };
  g_autoptr (GArray) intervals = g_array_new (FALSE, FALSE, sizeof (L4CharacterEdge));
  g_autoptr (GHashTable) known = g_hash_table_new_full (g_bytes_hash, g_bytes_equal, (GDestroyNotify) g_bytes_unref, NULL);
  g_autoptr (GPtrArray) sets = g_ptr_array_new ();
  g_autoptr (GArray) targets = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GByteArray) ends = g_byte_array_new ();
  g_autofree guint64 *matters = NULL;
  Characters characters = { &parts,.intervals = intervals,.known = known,.sets = sets,.targets = targets,.ends = ends };
  L4Dfa *dfa;

  if (!l4_pattern_parts_read (&parts, pattern, error))
    return NULL;
  characters.n_words = parts.parts->len / 64 + 1;
  characters.matters = matters = g_new0 (guint64, characters.n_words);
  for (guint i = 0; i < parts.parts->len; i++)
    if (get_part (&characters, i)->kind != L4_PART_FORK && get_part (&characters, i)->kind != L4_PART_BEGIN)
      matters[i / 64] |= (guint64) 1 << i % 64;
  find_intervals (&characters);
  dfa = find_states (&characters) ? make_dfa (&characters, least, most) : NULL;
  if (dfa == NULL)
    l4_fail (error, L4_ERROR_UNSUPPORTED, _("its automaton has more than %u states"), MAX_STATES);
  return dfa;
}

L4Dfa *
l4_any_string_to_dfa (void)
{
  g_autoptr (L4DfaBuilder) builder = l4_dfa_builder_new (1000);
  guint32 only = l4_dfa_builder_add (builder, TRUE);
  const L4CharacterEdge edges[] = { {0, SURROGATES - 1, only}, {AFTER_SURROGATES, L4_MAX_CHARACTER, only} };

  l4_dfa_builder_connect_characters (builder, only, edges, G_N_ELEMENTS (edges));
  return l4_dfa_builder_finish (builder);
}
