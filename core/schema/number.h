/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers between bounds, as an automaton. */

#pragma once

#include <yyjson.h>

#include "schema/dfa.h"

/* Most digits of a number: what a double keeps apart, so that none is rounded onto a bound that it must not reach. Integers between
 * longer bounds have as many as these, up to L4_INTEGER_DIGITS. */
#define L4_NUMBER_DIGITS 15
#define L4_INTEGER_DIGITS 18
/* Largest multipleOf. */
#define L4_MAX_MULTIPLE 1000

#define L4_DECIMAL_DIGITS 24

/* A number as it is written. */
typedef struct
{
  gboolean negative;
  guint n_whole, n_fraction;    /* digits before the point, which are "0" or begin with none; after it, none of them 0 at the end */
  guint8 whole[L4_DECIMAL_DIGITS], fraction[L4_DECIMAL_DIGITS]; /* the first of them */
} L4Decimal;

void l4_decimal_set (L4Decimal *self, yyjson_val *number);

typedef struct
{
  gboolean integer;
  guint multiple;               /* of which integers are multiples; 0: of any */
  gboolean has_low, has_high;
  gboolean low_open, high_open; /* the bound itself is left out */
  L4Decimal low, high;
} L4NumberRange;

/* The numbers of a range without an exponent, without zeros that say nothing, zero without a sign. (transfer full) */
L4Dfa *l4_number_range_to_dfa (const L4NumberRange *self);
