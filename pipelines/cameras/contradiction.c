/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether two conditions can hold together. */

#include <math.h>
#include <string.h>

#include "cameras/cameras-private.h"

/* The numbers that a condition allows; neither end has to belong to them. */
typedef struct
{
  double low, high;
  gboolean has_low, has_high;
} Range;

static gboolean
is_number (const L4Condition *self)
{
  return strchr ("-0123456789", *self->value) != NULL;
}

/* FALSE: it allows others than numbers, or no one range of them. */
static gboolean
find_range (const L4Condition *self, Range *range)
{
  double value = g_ascii_strtod (self->value, NULL);

  *range = (Range) { -INFINITY, INFINITY, TRUE, TRUE };
  switch (self->compare) {
    case L4_COMPARE_GREATER:
    case L4_COMPARE_AT_LEAST:
      range->low = value;
      range->has_low = self->compare == L4_COMPARE_AT_LEAST;
      return TRUE;
    case L4_COMPARE_LESS:
    case L4_COMPARE_AT_MOST:
      range->high = value;
      range->has_high = self->compare == L4_COMPARE_AT_MOST;
      return TRUE;
    case L4_COMPARE_EQUAL:
      range->low = range->high = value;
      return is_number (self);
    default:
      return FALSE;
  }
}

static gboolean
are_apart (const Range *a, const Range *b)
{
  return a->high < b->low || (a->high == b->low && !(a->has_high && b->has_low));
}

static gboolean
have_same_value (const L4Condition *self, const L4Condition *other)
{
  return is_number (self) && is_number (other) ? g_ascii_strtod (self->value, NULL) == g_ascii_strtod (other->value, NULL)
      : g_str_equal (self->value, other->value);
}

/* One is ==. */
static gboolean
contradicts_equal (const L4Condition *equal, const L4Condition *other)
{
  if (other->compare == L4_COMPARE_EQUAL)
    return !have_same_value (equal, other);
  if (other->compare == L4_COMPARE_UNEQUAL)
    return have_same_value (equal, other);
  return other->compare <= L4_COMPARE_AT_MOST && !is_number (equal);
}

gboolean
l4_condition_contradicts (const L4Condition *self, const L4Condition *other)
{
  Range a, b;

  if (g_strcmp0 (self->pointer, other->pointer) != 0 || g_strcmp0 (self->question, other->question) != 0)
    return FALSE;
  if (self->pointer != NULL && strchr (self->pointer, '*') != NULL)     /* another element may be as the other wants it */
    return FALSE;
  if (find_range (self, &a) && find_range (other, &b))
    return are_apart (&a, &b) || are_apart (&b, &a);
  return (self->compare == L4_COMPARE_EQUAL && contradicts_equal (self, other))
      || (other->compare == L4_COMPARE_EQUAL && contradicts_equal (other, self));
}
