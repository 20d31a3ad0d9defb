/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* GStreamer's elements by their names. */

#include "run/element.h"

#include "base/error.h"
#include "config.h"

GstElement *
l4_element_new (const char *factory, GError **error)
{
  GstElement *element = gst_element_factory_make (factory, NULL);

  if (element == NULL && g_str_equal (factory, "llama4describe"))
    l4_fail (error, L4_ERROR_NOT_FOUND, _("GStreamer does not find the element %s; if it was installed, please set GST_PLUGIN_PATH=%s"), factory,
        L4_PLUGIN_DIR);
  else if (element == NULL)
    l4_fail (error, L4_ERROR_NOT_FOUND, _("GStreamer does not find its element %s"), factory);
  return element;
}
