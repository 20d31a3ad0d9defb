/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Characters of a string of JSON as bytes: UTF-8, and an escape for what needs one. */

#include "schema/dfa.h"

#include <string.h>

/* Characters of so many continuation bytes. */
static const struct
{
  gunichar first, last;
  guint8 lead;
} lengths[] = { {0, 0x7f, 0}, {0x80, 0x7ff, 0xc0}, {0x800, 0xffff, 0xe0}, {0x10000, L4_MAX_CHARACTER, 0xf0} };

/* Where characters lead: the edges, and states between bytes that many of them share. */
typedef struct
{
  L4DfaBuilder *builder;
  const L4CharacterEdge *edges;
  gsize n;
  GHashTable *shared;           /* target << 2 | continuation bytes → state */
} Map;

/* The first edge that reaches to character or beyond. */
static gsize
find_edge (const Map *self, gunichar character)
{
  gsize from = 0, to = self->n;

  while (from < to) {
    gsize middle = (from + to) / 2;

    if (self->edges[middle].last < character)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

static guint32
target_of (const Map *self, gunichar character)
{
  gsize i = find_edge (self, character);

  return i < self->n && self->edges[i].first <= character ? self->edges[i].next : L4_DFA_NONE;
}

/* A state from which any n continuation bytes lead to target. */
static guint32
shared_state (Map *self, guint32 target, guint n)
{
  gpointer key, state;

  if (n == 0)
    return target;
  key = GSIZE_TO_POINTER ((gsize) target << 2 | n);
  if (!g_hash_table_lookup_extended (self->shared, key, NULL, &state)) {
    guint32 made = l4_dfa_builder_add (self->builder, FALSE);

    l4_dfa_builder_connect (self->builder, made, 0x80, 0xbf, shared_state (self, target, n - 1));
    state = GUINT_TO_POINTER (made);
    g_hash_table_insert (self->shared, key, state);
  }
  return GPOINTER_TO_UINT (state);
}

/* The state after the bytes that all characters of first … first + 64^n - 1 begin with; L4_DFA_NONE: none of them leads anywhere. */
static guint32
block_state (Map *self, gunichar first, guint n)
{
  gunichar last = first + (1u << 6 * n) - 1;
  gsize i = find_edge (self, first);
  guint32 made;

  if (i == self->n || self->edges[i].first > last)
    return L4_DFA_NONE;
  if (self->edges[i].first <= first && self->edges[i].last >= last)
    return shared_state (self, self->edges[i].next, n);
  made = l4_dfa_builder_add (self->builder, FALSE);
  for (guint byte = 0; byte < 64; byte++) {
    guint32 next = block_state (self, first + (byte << 6 * (n - 1)), n - 1);

    if (next != L4_DFA_NONE)
      l4_dfa_builder_connect (self->builder, made, 0x80 + byte, 0x80 + byte, next);
  }
  return made;
}

static gboolean
is_escaped (gunichar character)
{
  return character < 0x20 || character == '"' || character == '\\';
}

static guint32
plain_target (const Map *self, gunichar character)
{
  return is_escaped (character) ? L4_DFA_NONE : target_of (self, character);
}

static char
short_escape (gunichar character)
{
  static const char shorts[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
  const char *found = character != 0 ? strchr (shorts, (int) character) : NULL;

  return found != NULL ? letters[found - shorts] : '\0';
}

/* \n and its like; \u001f for those that have no letter. */
static void
connect_escapes (Map *self, guint32 state)
{
  static const char digits[] = "0123456789ABCDEF";
  guint32 backslash = L4_DFA_NONE, high[2] = { L4_DFA_NONE, L4_DFA_NONE };

  for (gunichar character = 0; character < 0x80; character++) {
    guint32 next = is_escaped (character) ? target_of (self, character) : L4_DFA_NONE;
    char letter = short_escape (character);

    if (next == L4_DFA_NONE)
      continue;
    if (backslash == L4_DFA_NONE) {
      backslash = l4_dfa_builder_add (self->builder, FALSE);
      l4_dfa_builder_connect (self->builder, state, '\\', '\\', backslash);
    }
    if (letter != '\0') {
      l4_dfa_builder_connect (self->builder, backslash, letter, letter, next);
      continue;
    }
    if (high[0] == L4_DFA_NONE) {
      guint32 u = l4_dfa_builder_add (self->builder, FALSE), zero = l4_dfa_builder_add (self->builder, FALSE);
      guint32 zeros = l4_dfa_builder_add (self->builder, FALSE);

      l4_dfa_builder_connect (self->builder, backslash, 'u', 'u', u);
      l4_dfa_builder_connect (self->builder, u, '0', '0', zero);
      l4_dfa_builder_connect (self->builder, zero, '0', '0', zeros);
      for (guint i = 0; i < 2; i++) {
        high[i] = l4_dfa_builder_add (self->builder, FALSE);
        l4_dfa_builder_connect (self->builder, zeros, '0' + i, '0' + i, high[i]);
      }
    }
    l4_dfa_builder_connect (self->builder, high[character >> 4], digits[character & 15], digits[character & 15], next);
  }
}

/* Characters of `more` continuation bytes whose first byte stands for those from first on; what a shorter form can hold has no longer one. */
static void
connect_lead (const Map *map, guint32 state, guint more, gunichar first)
{
  gunichar least = lengths[more].first, most = lengths[more].last;
  g_autofree L4CharacterEdge *rest = NULL;
  guint8 byte = (guint8) (lengths[more].lead | first >> 6 * more);
  Map part = *map;
  guint32 next;

  if (first < least || first + (1u << 6 * more) - 1 > most) {
    rest = g_new (L4CharacterEdge, map->n + 1);
    part.edges = rest;
    part.n = 0;
    for (gsize i = 0; i < map->n; i++)
      if (map->edges[i].last >= least && map->edges[i].first <= most)
        rest[part.n++] = (L4CharacterEdge) { MAX (map->edges[i].first, least), MIN (map->edges[i].last, most), map->edges[i].next };
  }
  next = block_state (&part, first, more);
  if (next != L4_DFA_NONE)
    l4_dfa_builder_connect (map->builder, state, byte, byte, next);
}

void
l4_dfa_builder_connect_characters (L4DfaBuilder *builder, guint32 state, const L4CharacterEdge *edges, gsize n)
{
  g_autoptr (GHashTable) shared = g_hash_table_new (NULL, NULL);
  Map map = { builder, edges, n, shared };

  connect_escapes (&map, state);
  for (gunichar character = 0, first = 0; character < 0x80; character++) {
    guint32 next = plain_target (&map, character);

    if (character == 0x7f || plain_target (&map, character + 1) != next) {
      if (next != L4_DFA_NONE)
        l4_dfa_builder_connect (builder, state, (guint8) first, (guint8) character, next);
      first = character + 1;
    }
  }
  for (guint more = 1; more < G_N_ELEMENTS (lengths); more++)
    for (gunichar first = lengths[more].first >> 6 * more << 6 * more; first <= lengths[more].last; first += 1u << 6 * more)
      connect_lead (&map, state, more, first);
}
