/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Byte-pair encoding of one piece: merges the neighbours of lowest rank until none are left. */

#include "tokenizer/tokenizer-private.h"

/* A token of the piece so far, in a list by position; id < 0: swallowed by its left neighbour. */
typedef struct
{
  gint32 id;
  gint32 previous, next;        /* positions; -1 at the ends */
} Symbol;

/* A merge that was possible when it was noted; smallest first by rank, then from the left. */
typedef struct
{
  guint32 rank;
  gint32 at;                    /* position of the left symbol */
  gint32 left, right;           /* ids that it was noted for */
  gint32 result;
} Candidate;

static gboolean
before (const Candidate *a, const Candidate *b)
{
  return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static void
heap_push (GArray *heap, Candidate candidate)
{
  guint at = heap->len;

  g_array_append_val (heap, candidate);
  while (at > 0 && before (&candidate, &g_array_index (heap, Candidate, (at - 1) / 2))) {
    g_array_index (heap, Candidate, at) = g_array_index (heap, Candidate, (at - 1) / 2);
    at = (at - 1) / 2;
  }
  g_array_index (heap, Candidate, at) = candidate;
}

static Candidate
heap_pop (GArray *heap)
{
  Candidate *entries = (Candidate *) heap->data;
  Candidate first = entries[0], last = entries[heap->len - 1];
  guint at = 0, n = heap->len - 1;

  for (guint child; (child = 2 * at + 1) < n; at = child) {
    if (child + 1 < n && before (&entries[child + 1], &entries[child]))
      child++;
    if (!before (&entries[child], &last))
      break;
    entries[at] = entries[child];
  }
  entries[at] = last;
  g_array_set_size (heap, n);
  return first;
}

/* Notes the merge of the symbol at that position with its right neighbour, if there is one. */
static void
note (const L4Tokenizer *self, const Symbol *symbols, gint32 at, GArray *heap)
{
  L4Merge key;
  const L4Merge *merge;

  if (at < 0 || symbols[at].next < 0)
    return;
  key.left = symbols[at].id;
  key.right = symbols[symbols[at].next].id;
  merge = g_hash_table_lookup (self->by_pair, &key);
  if (merge != NULL)
    heap_push (heap, (Candidate) { merge->rank, at, merge->left, merge->right, merge->result });
}

static void
merge_all (const L4Tokenizer *self, Symbol *symbols, GArray *heap)
{
  while (heap->len > 0) {
    const Candidate best = heap_pop (heap);
    Symbol *symbol = &symbols[best.at];
    gint32 next = symbol->next;

    if (symbol->id != best.left || next < 0 || symbols[next].id != best.right)
      continue;                 /* one of the two has been merged otherwise */
    symbol->id = best.result;
    symbol->next = symbols[next].next;
    symbols[next].id = -1;
    if (symbol->next >= 0)
      symbols[symbol->next].previous = best.at;
    note (self, symbols, symbol->previous, heap);
    note (self, symbols, best.at, heap);
  }
}

void
l4_tokenizer_merge_piece (const L4Tokenizer *self, const guint8 *piece, gsize length, GArray *ids)
{
  gint32 whole = self->ignore_merges ? l4_tokenizer_find_bytes (self, piece, length) : -1;
  g_autofree Symbol *symbols = NULL;    /* [length] */
  g_autoptr (GArray) heap = NULL;

  if (whole < 0 && length == 1)
    whole = self->of_byte[piece[0]];
  if (whole >= 0) {
    g_array_append_val (ids, whole);
    return;
  }
  symbols = g_new (Symbol, length);
  heap = g_array_sized_new (FALSE, FALSE, sizeof (Candidate), length);
  for (gsize i = 0; i < length; i++)
    symbols[i] = (Symbol) { self->of_byte[piece[i]], (gint32) i - 1, i + 1 < length ? (gint32) i + 1 : -1 };
  for (gsize i = 0; i + 1 < length; i++)
    note (self, symbols, i, heap);
  merge_all (self, symbols, heap);
  for (gint32 i = 0; i >= 0; i = symbols[i].next)
    g_array_append_val (ids, symbols[i].id);
}
