/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went wrong in a pipeline, as its messages tell it. */

#include "run/trouble.h"

#include "base/i18n.h"
#include "llama4.h"

/* With which result a stream stopped; FALSE: the message is about something else. */
static gboolean
get_flow (GstMessage *message, GstFlowReturn *flow)
{
  const GstStructure *details = NULL;
  int value;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error_details (message, &details);
  if (details == NULL || !gst_structure_get_int (details, "flow-return", &value))
    return FALSE;
  *flow = value;
  return TRUE;
}

static const char *
explain (GstFlowReturn flow)
{
  switch (flow) {
    case GST_FLOW_NOT_NEGOTIATED:
      return _("what comes has a format that cannot be used");
    case GST_FLOW_NOT_LINKED:
      return _("what comes has no video");
    default:
      return _("the stream broke off");
  }
}

/* What the element is called among people. */
static const char *
get_name (GstObject *object)
{
  GstElementFactory *factory = GST_IS_ELEMENT (object) ? gst_element_get_factory (GST_ELEMENT (object)) : NULL;
  const char *name = factory != NULL ? gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_LONGNAME) : NULL;

  return name != NULL ? name : object != NULL ? GST_OBJECT_NAME (object) : "?";
}

static gboolean
lacks_decoder (GstMessage *message)
{
  g_autoptr (GError) problem = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &problem, NULL);
  return g_error_matches (problem, GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN);
}

gboolean
l4_trouble_is_vague (GstMessage *message)
{
  GstFlowReturn flow;

  return get_flow (message, &flow) || lacks_decoder (message);
}

char *
l4_trouble_tell (GstMessage *message)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *text = NULL;
  GstFlowReturn flow;

  if (get_flow (message, &flow)) {
    text = g_strdup_printf ("%s (%s: %s)", explain (flow), get_name (GST_MESSAGE_SRC (message)), gst_flow_get_name (flow));
    return l4_text_to_line (text, -1);
  }
  if (lacks_decoder (message))
    return g_strdup (_("what comes has no video, or none that can be decoded here"));
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &problem, NULL);
  else
    gst_message_parse_warning (message, &problem, NULL);
  return l4_text_to_line (problem->message, -1);
}
