/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Byte-pair encoding of one piece: merges the neighbours of lowest rank until none are left. */

#include "tokenizer/tokenizer-private.h"

#define NONE G_MAXUINT32
#define LEAST_ROOM 256

/* A token of the piece so far, in a list by position. */
struct _L4Symbol
{
  gint32 id;
  gint32 previous, next;        /* positions; -1 at the ends */
  guint32 rank;                 /* of the merge with the next symbol; NONE: there is none, or this symbol is merged away */
  gint32 result;                /* of that merge */
};

typedef struct _L4Symbol Symbol;

void
l4_merge_room_clear (L4MergeRoom *self)
{
  g_clear_pointer (&self->symbols, g_free);
  g_clear_pointer (&self->heap, g_free);
  self->room = 0;
}

/* A merge takes one candidate out of the heap and puts two in at most: there are never more than two for each symbol. */
static gboolean
reserve (L4MergeRoom *self, gsize length, GError **error)
{
  if (length <= self->room)
    return TRUE;
  l4_merge_room_clear (self);
  length = MAX (length, LEAST_ROOM);
  self->symbols = g_try_new (Symbol, length);
  self->heap = g_try_new (guint64, 2 * length);
  if (self->symbols == NULL || self->heap == NULL)
    return l4_fail (error, L4_ERROR_MEMORY, _("text: no memory for a piece of %zu bytes"), length);
  self->room = length;
  return TRUE;
}

/* The heap holds candidates, smallest first: rank, then position of the left symbol. */
static void
heap_push (guint64 *heap, gsize *n, guint64 candidate)
{
  gsize at = (*n)++;

  for (; at > 0 && candidate < heap[(at - 1) / 2]; at = (at - 1) / 2)
    heap[at] = heap[(at - 1) / 2];
  heap[at] = candidate;
}

static guint64
heap_pop (guint64 *heap, gsize *n)
{
  guint64 first = heap[0], last = heap[--*n];
  gsize at = 0;

  for (gsize child; (child = 2 * at + 1) < *n; at = child) {
    if (child + 1 < *n && heap[child + 1] < heap[child])
      child++;
    if (last <= heap[child])
      break;
    heap[at] = heap[child];
  }
  heap[at] = last;
  return first;
}

/* Notes the merge of the symbol at that position with its right neighbour, if there is one. */
static void
note (const L4Tokenizer *self, Symbol *symbols, gint32 at, guint64 *heap, gsize *n)
{
  Symbol *symbol = &symbols[at];
  const L4Merge *merge = symbol->next >= 0 ? l4_tokenizer_find_merge (self, symbol->id, symbols[symbol->next].id) : NULL;

  symbol->rank = NONE;
  if (merge == NULL)
    return;
  symbol->rank = merge->rank;
  symbol->result = merge->result;
  heap_push (heap, n, (guint64) merge->rank << 32 | (guint32) at);
}

/* A candidate that is popped may be outdated: then the symbol at its place has another rank by now. */
static void
merge_all (const L4Tokenizer *self, Symbol *symbols, guint64 *heap, gsize n)
{
  while (n > 0) {
    const guint64 best = heap_pop (heap, &n);
    gint32 at = (gint32) best;
    Symbol *symbol = &symbols[at], *next;

    if (symbol->rank != best >> 32)
      continue;
    next = &symbols[symbol->next];
    symbol->id = symbol->result;
    symbol->next = next->next;
    next->rank = NONE;
    if (symbol->next >= 0)
      symbols[symbol->next].previous = at;
    note (self, symbols, at, heap, &n);
    if (symbol->previous >= 0)
      note (self, symbols, symbol->previous, heap, &n);
  }
}

gboolean
l4_tokenizer_merge_piece (const L4Tokenizer *self, const guint8 *piece, gsize length, L4MergeRoom *room, GArray *ids,
    GError **error)
{
  gint32 whole = length == 1 ? self->of_byte[piece[0]] : -1;
  gsize n = 0;

  if (self->whole_first && length > 1 && length <= L4_MAX_TOKEN)
    whole = l4_tokenizer_find (self, L4_TOKEN_ORDINARY, piece, length);
  if (whole >= 0) {
    g_array_append_val (ids, whole);
    return TRUE;
  }
  if (!reserve (room, length, error))
    return FALSE;
  for (gsize i = 0; i < length; i++)
    room->symbols[i] = (Symbol) { self->of_byte[piece[i]], (gint32) i - 1, i + 1 < length ? (gint32) i + 1 : -1, NONE, -1 };
  for (gsize i = 0; i < length; i++)
    note (self, room->symbols, (gint32) i, room->heap, &n);
  merge_all (self, room->symbols, room->heap, n);
  for (gint32 i = 0; i >= 0; i = room->symbols[i].next)
    g_array_append_val (ids, room->symbols[i].id);
  return TRUE;
}
