/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers between bounds: digits are compared with those of the bounds as they come. */

#include "schema/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define MOST_STATES 200000

/* Decimals ---------------------------------------------------------------------------------------------------------------- */

/* The digits of 0.d0d1d2… times ten to the power of point. */
static void
set_digits (L4Decimal *self, const char *digits, int point)
{
  int n = (int) strlen (digits);

  while (n > 0 && digits[n - 1] == '0')
    n--;
  if (n == 0)
    point = 0;
  self->n_whole = MAX (point, 1);
  self->n_fraction = MAX (n - point, 0);
  for (int i = 0; i < L4_DECIMAL_DIGITS; i++) {
    int whole = point <= 0 ? -1 : i, fraction = i + point;

    self->whole[i] = whole >= 0 && whole < n ? digits[whole] - '0' : 0;
    self->fraction[i] = fraction >= 0 && fraction < n ? digits[fraction] - '0' : 0;
  }
}

/* The digits of a double without its sign, and where their point is. */
static int
digits_of_double (double size, char digits[static 32])
{
  char text[64];
  int n = 0;

  if (size >= 0x1p53 && size < 1e24) {  /* its shortest text may be another whole number */
    g_snprintf (digits, 32, "%.0f", size);
    return (int) strlen (digits);
  }
  for (int precision = 0; precision <= 16; precision++) {       /* the shortest text that is this number */
    char format[8];

    g_snprintf (format, sizeof format, "%%.%de", precision);
    g_ascii_formatd (text, sizeof text, format, size);
    if (g_ascii_strtod (text, NULL) == size)
      break;
  }
  for (const char *at = text; *at != 'e'; at++)
    if (g_ascii_isdigit (*at))
      digits[n++] = *at;
  return (int) g_ascii_strtoll (strchr (text, 'e') + 1, NULL, 10) + 1;
}

void
l4_decimal_set (L4Decimal *self, yyjson_val *number)
{
  char digits[32] = "";
  int point;

  if (yyjson_is_int (number)) {
    guint64 size = yyjson_is_uint (number) ? yyjson_get_uint (number) : -(guint64) yyjson_get_sint (number);

    self->negative = yyjson_is_sint (number) && yyjson_get_sint (number) < 0;
    g_snprintf (digits, sizeof digits, "%" PRIu64, size);
    point = (int) strlen (digits);
  } else {
    self->negative = yyjson_get_real (number) < 0;
    point = digits_of_double (fabs (yyjson_get_real (number)), digits);
  }
  set_digits (self, digits, point);
}

/* What one sign allows of the size ----------------------------------------------------------------------------------------- */

typedef struct
{
  const L4Decimal *bound;       /* NULL: none */
  gboolean open;
} Limit;

typedef struct
{
  gboolean none;                /* no number has this sign */
  Limit least, most;            /* of the size, without the sign */
} Sizes;

typedef struct
{
  gboolean integer;
  guint multiple;
  guint most_digits;            /* before the point */
  Sizes sizes[2];               /* of numbers without and with a minus; zero has none */
} Rule;

static void
set_sizes (Rule *self, const L4NumberRange *range)
{
  Limit low = { &range->low, range->low_open }, high = { &range->high, range->high_open };

  if (range->has_low && range->low.negative) {
    self->sizes[1].most = low;
  } else if (range->has_low) {
    self->sizes[0].least = low;
    self->sizes[1].none = TRUE;
  }
  if (range->has_high && range->high.negative) {
    self->sizes[1].least = high;
    self->sizes[0].none = TRUE;
  } else if (range->has_high) {
    self->sizes[0].most = high;
  }
}

/* The automaton ------------------------------------------------------------------------------------------------------------ */

typedef enum
{
  BEGIN, MINUS, ZERO, WHOLE, POINT, FRACTION, FRACTION_WITH_ZERO
} Phase;

/* How the number looks so far. */
typedef struct
{
  guint8 phase;
  guint8 negative;
  gint8 least, most;            /* how the digits compare with those of the bounds: -1, 0, 1 */
  guint8 n_digits;              /* all of them */
  guint8 n_fraction;            /* 0 also when it matters no longer */
  guint16 rest;                 /* of a division by the multiple */
} Key;

static gint8
compare_digit (gint8 before, guint digit, guint other)
{
  return before != 0 ? before : (digit > other) - (digit < other);
}

/* After the digit'th digit before the point, which is the last that the bound has at most when it is n_whole. */
static void
compare_whole (const Limit *limit, gint8 *order, guint place, guint digit)
{
  if (limit->bound != NULL)
    *order = place < limit->bound->n_whole ? compare_digit (*order, digit, limit->bound->whole[place]) : 1;
}

static void
compare_fraction (const Limit *limit, gint8 *order, guint place, guint digit)
{
  if (limit->bound != NULL)
    *order = compare_digit (*order, digit, place < limit->bound->n_fraction ? limit->bound->fraction[place] : 0);
}

/* Once it is known how many digits stand before the point, fewer are less. */
static gint8
order_of_whole (const Limit *limit, gint8 order, guint n_digits)
{
  return limit->bound != NULL && n_digits < limit->bound->n_whole ? -1 : order;
}

static gint8
order_at_end (const Limit *limit, gint8 order, guint n_fraction)
{
  return order == 0 && limit->bound != NULL && limit->bound->n_fraction > n_fraction ? -1 : order;
}

static gboolean
begin_digits (const Rule *rule, guint digit, Key *next)
{
  const Sizes *sizes = &rule->sizes[next->negative];

  next->phase = digit == 0 ? ZERO : WHOLE;
  next->n_digits = 1;
  next->rest = rule->multiple > 0 ? digit % rule->multiple : 0;
  compare_whole (&sizes->least, &next->least, 0, digit);
  compare_whole (&sizes->most, &next->most, 0, digit);
  return !sizes->none;
}

static gboolean
add_whole (const Rule *rule, guint digit, Key *next)
{
  const Sizes *sizes = &rule->sizes[next->negative];

  compare_whole (&sizes->least, &next->least, next->n_digits, digit);
  compare_whole (&sizes->most, &next->most, next->n_digits, digit);
  next->rest = rule->multiple > 0 ? (next->rest * 10 + digit) % rule->multiple : 0;
  return next->n_digits++ < rule->most_digits;
}

static gboolean
add_point (const Rule *rule, Key *next)
{
  const Sizes *sizes = &rule->sizes[next->negative];

  next->phase = POINT;
  next->least = order_of_whole (&sizes->least, next->least, next->n_digits);
  next->most = order_of_whole (&sizes->most, next->most, next->n_digits);
  return !rule->integer && next->n_digits < L4_NUMBER_DIGITS;
}

static gboolean
add_fraction (const Rule *rule, guint digit, Key *next)
{
  const Sizes *sizes = &rule->sizes[next->negative];

  compare_fraction (&sizes->least, &next->least, next->n_fraction, digit);
  compare_fraction (&sizes->most, &next->most, next->n_fraction, digit);
  next->phase = digit == 0 ? FRACTION_WITH_ZERO : FRACTION;
  next->n_fraction++;
  if ((sizes->least.bound == NULL || next->least != 0) && (sizes->most.bound == NULL || next->most != 0))
    next->n_fraction = 0;
  return next->n_digits++ < L4_NUMBER_DIGITS;
}

static gboolean
step (gconstpointer key, guint8 byte, gpointer out, gconstpointer user_data)
{
  const Rule *rule = user_data;
  gboolean is_digit = g_ascii_isdigit (byte);
  guint digit = byte - '0';
  Key *next = out;

  *next = *(const Key *) key;
  switch ((Phase) next->phase) {
    case BEGIN:
      if (byte != '-')
        return is_digit && begin_digits (rule, digit, next);
      next->phase = MINUS;
      next->negative = TRUE;
      return !rule->sizes[1].none;
    case MINUS:
      return is_digit && begin_digits (rule, digit, next);
    case WHOLE:
      if (is_digit)
        return add_whole (rule, digit, next);
      return byte == '.' && add_point (rule, next);
    case ZERO:
      return byte == '.' && add_point (rule, next);
    default:
      return is_digit && add_fraction (rule, digit, next);
  }
}

static gboolean
may_end (gconstpointer data, gconstpointer user_data)
{
  const Key *key = data;
  const Rule *rule = user_data;
  const Sizes *sizes = &rule->sizes[key->negative];
  gint8 least = key->least, most = key->most;

  if (key->phase == WHOLE || key->phase == ZERO) {
    least = order_of_whole (&sizes->least, least, key->n_digits);
    most = order_of_whole (&sizes->most, most, key->n_digits);
  } else if (key->phase != FRACTION) {
    return FALSE;
  }
  least = order_at_end (&sizes->least, least, key->n_fraction);
  most = order_at_end (&sizes->most, most, key->n_fraction);
  return !(key->phase == ZERO && key->negative) && key->rest == 0
      && (sizes->least.bound == NULL || least > 0 || (least == 0 && !sizes->least.open))
      && (sizes->most.bound == NULL || most < 0 || (most == 0 && !sizes->most.open));
}

L4Dfa *
l4_number_range_to_dfa (const L4NumberRange *range)
{
  static const L4DfaRule automaton = { sizeof (Key), step, may_end };
  Rule rule = {.integer = range->integer,.multiple = range->multiple,.most_digits = L4_NUMBER_DIGITS };
  const Key begin = { BEGIN };

  set_sizes (&rule, range);
  if (range->has_low)
    rule.most_digits = MAX (rule.most_digits, range->low.n_whole);
  if (range->has_high)
    rule.most_digits = MAX (rule.most_digits, range->high.n_whole);
  rule.most_digits = MIN (rule.most_digits, L4_INTEGER_DIGITS);
  return l4_dfa_explore (&automaton, &begin, MOST_STATES, &rule);
}
