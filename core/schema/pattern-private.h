/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The inside of a pattern: what its text is read into. */

#pragma once

#include "schema/pattern.h"

typedef enum
{
  L4_PART_CHARACTERS,           /* one of a class leads to next */
  L4_PART_FORK,                 /* goes on at next and at other */
  L4_PART_BEGIN,                /* goes on at next where the string begins */
  L4_PART_END,                  /* goes on at next where the string ends */
  L4_PART_FOUND
} L4PartKind;

typedef struct
{
  L4PartKind kind;
  guint next, other;            /* parts */
  guint first_range, n_ranges;  /* of the class */
} L4PatternPart;

typedef struct
{
  gunichar first, last;
} L4CharacterRange;

/* An automaton of characters that may be in several parts at once; begins in `start`. */
typedef struct
{
  GArray *parts;                /* of L4PatternPart */
  GArray *ranges;               /* of L4CharacterRange; those of a part in their order, without overlaps */
  guint start;
} L4PatternParts;

#define L4_MAX_PARTS 6000

/* FALSE: not understood, or too long. Cleared by l4_pattern_parts_clear(), also after FALSE. */
gboolean l4_pattern_parts_read (L4PatternParts *self, const char *pattern, GError **error);
void l4_pattern_parts_clear (L4PatternParts *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (L4PatternParts, l4_pattern_parts_clear)
