/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a record, and whether they are as a rule wants them. */

#include "watch/pointer.h"

#include <string.h>

static yyjson_val *
find_answer (yyjson_val *record, const char *question)
{
  yyjson_val *answers = yyjson_obj_get (record, "answers"), *answer;
  yyjson_arr_iter all;

  yyjson_arr_iter_init (answers, &all);
  while ((answer = yyjson_arr_iter_next (&all)) != NULL)
    if (yyjson_equals_str (yyjson_obj_get (answer, "question"), question))
      return yyjson_obj_get (answer, "yes");
  return NULL;
}

yyjson_val *
l4_rule_find (const L4Rule *rule, yyjson_val *record)
{
  if (rule->pointer == NULL)
    return find_answer (record, rule->question);
  return *rule->pointer == '\0' ? record : yyjson_ptr_getn (record, rule->pointer, strlen (rule->pointer));
}

static gboolean
text_contains (yyjson_val *value, yyjson_val *wanted)
{
  g_autofree char *in = g_utf8_casefold (yyjson_get_str (value), yyjson_get_len (value));
  g_autofree char *what = g_utf8_casefold (yyjson_get_str (wanted), yyjson_get_len (wanted));

  return strstr (in, what) != NULL;
}

/* 3 is 3.0. */
static gboolean
are_equal (yyjson_val *a, yyjson_val *b)
{
  return yyjson_is_num (a) && yyjson_is_num (b) ? yyjson_get_num (a) == yyjson_get_num (b) : yyjson_equals (a, b);
}

static gboolean
list_contains (yyjson_val *list, yyjson_val *wanted)
{
  yyjson_val *value;
  yyjson_arr_iter all;

  yyjson_arr_iter_init (list, &all);
  while ((value = yyjson_arr_iter_next (&all)) != NULL)
    if (are_equal (value, wanted))
      return TRUE;
  return FALSE;
}

static gboolean
contains (yyjson_val *value, yyjson_val *wanted)
{
  if (yyjson_is_arr (value))
    return list_contains (value, wanted);
  if (!yyjson_is_str (wanted))
    return FALSE;
  return yyjson_is_str (value) ? text_contains (value, wanted)
      : yyjson_is_obj (value) && yyjson_obj_getn (value, yyjson_get_str (wanted), yyjson_get_len (wanted)) != NULL;
}

gboolean
l4_compare (L4Compare compare, yyjson_val *value, yyjson_val *wanted)
{
  gboolean numbers = yyjson_is_num (value) && yyjson_is_num (wanted);
  double a = yyjson_get_num (value), b = yyjson_get_num (wanted);

  if (value == NULL)
    return FALSE;
  switch (compare) {
    case L4_COMPARE_GREATER:
      return numbers && a > b;
    case L4_COMPARE_AT_LEAST:
      return numbers && a >= b;
    case L4_COMPARE_LESS:
      return numbers && a < b;
    case L4_COMPARE_AT_MOST:
      return numbers && a <= b;
    case L4_COMPARE_EQUAL:
      return are_equal (value, wanted);
    case L4_COMPARE_UNEQUAL:
      return !are_equal (value, wanted);
    default:
      return contains (value, wanted);
  }
}
