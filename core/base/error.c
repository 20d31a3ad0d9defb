/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Setting errors in one line. */

#include "base/error.h"

G_DEFINE_QUARK (l4-error-quark, l4_error)

gboolean
l4_fail (GError **error, L4Error code, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    g_propagate_error (error, g_error_new_valist (L4_ERROR, code, format, args));
  va_end (args);
  return FALSE;
}
