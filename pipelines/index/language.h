/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Languages by the names that people give them. */

#pragma once

/* The name that PostgreSQL's dictionaries have for a language named in English, in itself or by its code ("German", "Deutsch", "de-CH");
 * "simple": it is none of theirs. */
const char *l4_language_find (const char *name);
