/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An index as version 1 of the schema had it. LLAMA4_TEST_VERSIONS names the folder of the SQL that makes it. */

#pragma once

#include "fixture.h"

/* Makes it in a place where nothing is. */
void version_1_make (const Place *place);

/* Of the schema that is there: 1, 2, … */
gint64 version_1_get (const Place *place);

/* Everything that it held is found, by a program that opened it. */
void version_1_assert_found (L4Index *index);
