/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of languages, as people and containers write them. */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The tag ("de") of a language by its English name ("German"), its own, its tag, or its code of three letters; "und" if it is not known.
 * A tag with parts behind it ("pt-BR") is itself. (transfer full) */
char *l4_language_tag (const char *language);

/* Its code of three letters in ISO 639-2/T, as containers have it: "deu" of "de" or "de-CH"; "und" if it is not known. */
const char *l4_language_code (const char *tag);

G_END_DECLS
