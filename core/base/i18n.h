/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Translation of what a user reads. */

#pragma once

#include <glib.h>
#include <inttypes.h>
#include <libintl.h>

#define _(text) l4_translate (text)
#define N_(text) (text)

/* The translation of text in the user's language, or text itself. Binds the text domain on first use. Any thread. */
const char *l4_translate (const char *text) G_GNUC_FORMAT (1);

/* Binds the text domain, for libraries that translate by themselves, as GLib does the descriptions of options. Any thread. */
void l4_translate_begin (void);
