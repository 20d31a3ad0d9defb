/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which certificates of servers are trusted, beside those that the system trusts or instead of them. */

#include "tell/trust.h"

#include "base/error.h"

struct _L4Trust
{
  GTlsDatabase *database;
  GList *certificates;          /* of GTlsCertificate */
};

void
l4_trust_free (L4Trust *self)
{
  if (self == NULL)
    return;
  g_clear_object (&self->database);
  g_list_free_full (self->certificates, g_object_unref);
  g_free (self);
}

L4Trust *
l4_trust_new (const char *file, GError **error)
{
  g_autoptr (L4Trust) self = g_new0 (L4Trust, 1);
  g_autofree char *absolute = g_canonicalize_filename (file, NULL);
  g_autoptr (GError) problem = NULL;

  self->certificates = g_tls_certificate_list_new_from_file (absolute, &problem);
  if (problem == NULL && self->certificates != NULL)
    self->database = g_tls_file_database_new (absolute, &problem);
  if (self->database != NULL)
    return g_steal_pointer (&self);
  if (problem != NULL && problem->domain == G_FILE_ERROR)       /* names it */
    l4_fail (error, L4_ERROR_INPUT, "%s", problem->message);
  else
    l4_fail (error, L4_ERROR_INPUT, "%s: %s", file, problem != NULL ? problem->message : _("there is no certificate in it"));
  return NULL;
}

GTlsDatabase *
l4_trust_get_database (const L4Trust *self)
{
  return self->database;
}

gboolean
l4_trust_knows (const L4Trust *self, GTlsCertificate *certificate)
{
  for (const GList *known = self->certificates; known != NULL; known = known->next)
    if (g_tls_certificate_is_same (known->data, certificate))
      return TRUE;
  return FALSE;
}
