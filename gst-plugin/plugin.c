/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The plugin: its element, its meta, its translations. */

#include "gettext.h"
#include "gstllama4describe.h"

static gboolean
plugin_init (GstPlugin * plugin)
{
  const char *directory = g_getenv ("LLAMA4_LOCALE_DIR"), *lacks = l4_processor_lacks ();

  if (lacks != NULL) {
    g_printerr ("llama4describe: this processor lacks %s; x86-64-v2 is needed, which machines have since about 2010\n", lacks);
    return FALSE;
  }
  bindtextdomain (GETTEXT_PACKAGE, directory != NULL ? directory : L4_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  /* without a tag, so that converters and encoders keep it */
  if (gst_meta_get_info (GST_LLAMA4_META) == NULL)
    gst_meta_register_custom_simple (GST_LLAMA4_META);
  return GST_ELEMENT_REGISTER (llama4describe, plugin);
}

GST_PLUGIN_DEFINE (GST_VERSION_MAJOR, GST_VERSION_MINOR, llama4describe, "Says what happens in video, by Llama 4",
    plugin_init, L4_VERSION, "LGPL", "llama4describe", PACKAGE_ORIGIN)
