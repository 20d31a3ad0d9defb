/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GStreamer's elements by their names. */

#include "run/element.h"

#include "base/error.h"

GstElement *
l4_element_new (const char *factory, GError **error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element == NULL)
    l4_fail (error, L4_ERROR_NOT_FOUND, _("GStreamer does not find its element %s"), factory);
  return element;
}
