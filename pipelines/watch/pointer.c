/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a record, and whether they are as a rule wants them. */

#include "watch/pointer.h"

#include <string.h>

#include "index/words.h"

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

/* As what is searched in an index, but with its accents. (transfer full) */
static char *
fold (yyjson_val *text)
{
  g_autofree char *plain = l4_words_normalize (yyjson_get_str (text));

  return g_utf8_casefold (plain, -1);
}

static gboolean
text_contains (yyjson_val *value, yyjson_val *wanted)
{
  g_autofree char *in = fold (value), *what = fold (wanted);

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

/* Any ------------------------------------------------------------------------------------------------------------------------------ */

#define ANY "/*"

/* What is looked for in a record. */
typedef struct
{
  L4Compare compare;
  yyjson_val *wanted;
  yyjson_val *first;            /* that was there; NULL: none */
} Search;

/* Where the next step is that any element takes; NULL: nowhere. */
static const char *
find_any (const char *pointer)
{
  for (const char *at = strstr (pointer, ANY); at != NULL; at = strstr (at + 1, ANY))
    if (at[strlen (ANY)] == '\0' || at[strlen (ANY)] == '/')
      return at;
  return NULL;
}

static yyjson_val *search (Search *self, yyjson_val *in, const char *pointer);

/* Of a list's elements, or of an object's members, the first that has it further on. */
static yyjson_val *
search_all (Search *self, yyjson_val *in, const char *pointer)
{
  yyjson_val *found = NULL, *key, *element;
  yyjson_arr_iter elements;
  yyjson_obj_iter members;

  yyjson_arr_iter_init (in, &elements);         /* of what is no list nothing comes */
  while (found == NULL && (element = yyjson_arr_iter_next (&elements)) != NULL)
    found = search (self, element, pointer);
  yyjson_obj_iter_init (in, &members);
  while (found == NULL && (key = yyjson_obj_iter_next (&members)) != NULL)
    found = search (self, yyjson_obj_iter_get_val (key), pointer);
  return found;
}

/* The first value there that is as wanted. */
static yyjson_val *
search (Search *self, yyjson_val *in, const char *pointer)
{
  const char *any = find_any (pointer);
  gsize length = any != NULL ? (gsize) (any - pointer) : strlen (pointer);
  yyjson_val *value = length == 0 ? in : yyjson_ptr_getn (in, pointer, length);

  if (any != NULL)
    return search_all (self, value, any + strlen (ANY));
  if (self->first == NULL)
    self->first = value;
  return l4_compare (self->compare, value, self->wanted) ? value : NULL;
}

yyjson_val *
l4_condition_find (const L4Condition *condition, yyjson_val *record, yyjson_val *wanted)
{
  Search self = { condition->compare, wanted, NULL };
  yyjson_val *found;

  if (condition->pointer == NULL)
    return find_answer (record, condition->question);
  found = search (&self, record, condition->pointer);
  return found != NULL ? found : self.first;
}
