/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of a record, and whether they are as a rule wants them. */

#pragma once

#include <yyjson.h>

#include "cameras/cameras.h"

G_BEGIN_DECLS

/* What a condition looks at in a record: the value at its pointer, or the probability that its question has in "answers". Where a
 * step of the pointer is an asterisk there may be several: the first that compares with `wanted` as it says, otherwise the first.
 * NULL: there is none. */
yyjson_val *l4_condition_find (const L4Condition *condition, yyjson_val *record, yyjson_val *wanted);

/* Whether the value is as it is wanted, as JSON. Nothing is (NULL, a text where numbers are compared), not even unequal. contains: a
 * text in a text, whatever the case of its letters; a value in a list; a name in an object. */
gboolean l4_compare (L4Compare compare, yyjson_val *value, yyjson_val *wanted);

G_END_DECLS
