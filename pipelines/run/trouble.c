/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What went wrong in a pipeline, as its messages tell it. */

#include "run/trouble.h"

#include <string.h>

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

/* What a server answered; 0: nothing. */
static guint
get_status (GstMessage *message)
{
  const GstStructure *details = NULL;
  guint status = 0;
  int code = 0;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error_details (message, &details);
  if (details == NULL || gst_structure_get_uint (details, "http-status-code", &status) || gst_structure_get_uint (details, "rtsp-status-code", &status))
    return status;
  return gst_structure_get_int (details, "rtsp-status-code", &code) && code > 0 ? code : 0;
}

static const char *
explain_status (guint status)
{
  switch (status) {
    case 401:
    case 407:
      return _("user and password are wrong, or are needed");
    case 403:
      return _("access is not allowed");
    case 404:
    case 410:
      return _("there is nothing at this address");
    default:
      return status >= 500 ? _("the server has trouble") : status >= 400 ? _("the server refuses") : status >= 300 ? _("it refers to another address in vain")
          : NULL;
  }
}

static gboolean
is_of_network (GstMessage *message)
{
  GstObject *source = GST_MESSAGE_SRC (message);
  GstElementFactory *factory = GST_IS_ELEMENT (source) ? gst_element_get_factory (GST_ELEMENT (source)) : NULL;
  const char *kind = factory != NULL ? gst_element_factory_get_metadata (factory, GST_ELEMENT_METADATA_KLASS) : NULL;

  return kind != NULL && strstr (kind, "Network") != NULL;
}

gboolean
l4_trouble_is_silence (GstMessage *message)
{
  g_autoptr (GError) problem = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &problem, NULL);
  return is_of_network (message) && g_error_matches (problem, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SEEK);
}

/* rtspsrc has one error for all that it cannot receive; what it adds is never translated. */
gboolean
l4_trouble_is_timeout (GstMessage *message)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *debug = NULL;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &problem, &debug);
  return g_error_matches (problem, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ) && debug != NULL && strstr (debug, "(Timeout") != NULL;
}

gboolean
l4_trouble_is_unclear (GstMessage *message)
{
  g_autoptr (GError) problem = NULL;

  if (explain_status (get_status (message)) != NULL)
    return FALSE;
  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &problem, NULL);
  return l4_trouble_is_vague (message) || l4_trouble_is_silence (message) || g_error_matches (problem, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ)
      || g_error_matches (problem, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE)
      || g_error_matches (problem, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ);
}

/* Without names and passwords in addresses: what stands before the last @ of each goes. */
static void
redact (GString *text)
{
  const char *found;

  for (gsize at = 0; (found = strstr (text->str + at, "://")) != NULL;) {
    gsize length, begin = found - text->str + strlen ("://");
    const char *sign;

    length = strcspn (text->str + begin, " \t\r\n\"'<>");
    sign = g_strrstr_len (text->str + begin, length, "@");
    if (sign != NULL)
      g_string_erase (text, begin, sign + 1 - (text->str + begin));
    at = begin;
  }
}

/* What an element had to say beside a text that GStreamer has for all of them: the lines that follow the place in its source. */
static const char *
get_detail (const GError *problem, const char *debug)
{
  g_autofree char *usual = gst_error_get_message (problem->domain, problem->code);
  const char *lines = debug != NULL ? strchr (debug, '\n') : NULL;

  return lines != NULL && g_strcmp0 (problem->message, usual) == 0 && lines[1] != '\0' ? lines + 1 : NULL;
}

/* (transfer full) */
static GString *
tell_problem (GstMessage *message)
{
  g_autoptr (GError) problem = NULL;
  g_autofree char *debug = NULL;
  const char *detail;
  GString *text;

  if (GST_MESSAGE_TYPE (message) == GST_MESSAGE_ERROR)
    gst_message_parse_error (message, &problem, &debug);
  else
    gst_message_parse_warning (message, &problem, &debug);
  text = g_string_new (problem->message);
  detail = get_detail (problem, debug);
  if (detail != NULL)
    g_string_append_printf (text, " (%s)", detail);
  redact (text);
  return text;
}

char *
l4_trouble_tell (GstMessage *message)
{
  g_autofree char *text = NULL;
  guint status = get_status (message);
  GstFlowReturn flow;

  if (explain_status (status) != NULL)
    text = g_strdup_printf ("%s (%u)", explain_status (status), status);
  else if (l4_trouble_is_silence (message))
    text = g_strdup (_("nothing more comes"));
  else if (get_flow (message, &flow))
    text = g_strdup_printf ("%s (%s: %s)", explain (flow), get_name (GST_MESSAGE_SRC (message)), gst_flow_get_name (flow));
  else if (lacks_decoder (message))
    text = g_strdup (_("what comes has no video, or none that can be decoded here"));
  else
    text = g_string_free (tell_problem (message), FALSE);
  return l4_text_to_line (text, -1);
}
