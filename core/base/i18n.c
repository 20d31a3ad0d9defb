/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Translation of what a user reads. */

#include "base/i18n.h"

#include "config.h"

void
l4_translate_begin (void)
{
  static gsize bound = 0;

  if (g_once_init_enter (&bound)) {
    const char *directory = g_getenv ("LLAMA4_LOCALE_DIR");

    bindtextdomain (GETTEXT_PACKAGE, directory != NULL ? directory : L4_LOCALE_DIR);
    bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
    g_once_init_leave (&bound, 1);
  }
}

const char *
l4_translate (const char *text)
{
  l4_translate_begin ();
  return dgettext (GETTEXT_PACKAGE, text);
}
