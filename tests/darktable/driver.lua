-- What the test has darktable do: import photos, select them, wait for the paintings, and tell about them.
-- The export itself is started by a key, as a person does.

local dt = require "darktable"
local FOLDER = os.getenv("NST_FOLDER")
local WANTED = tonumber(os.getenv("NST_WANTED"))
local SECONDS = 120

local function write(name, text)
    local file = io.open(FOLDER .. "/" .. name .. ".part", "w")
    file:write(text)
    file:close()
    os.rename(FOLDER .. "/" .. name .. ".part", FOLDER .. "/" .. name)
end

dt.control.dispatch(function()
    local good, problem = pcall(function()
        dt.control.sleep(3000)
        local photos = {}
        for path in os.getenv("NST_PHOTOS"):gmatch("[^:]+") do table.insert(photos, dt.database.import(path)) end
        dt.control.sleep(2000)
        dt.gui.selection(photos)
        dt.control.sleep(1000)
        write("selected", "yes")
        local waited = 0
        while #dt.database < WANTED and waited < SECONDS * 1000 do
            dt.control.sleep(250)
            waited = waited + 250
        end
        dt.control.sleep(WANTED == #photos and 15000 or 1000) -- where nothing is to come, long enough for it
        local lines = {}
        for _, image in ipairs(dt.database) do
            local tags = {}
            for _, tag in ipairs(image:get_tags()) do table.insert(tags, tag.name) end
            table.insert(lines, table.concat({
                image.path .. "/" .. image.filename, tostring(image.group_leader.filename), table.concat(tags, ","),
            }, "\t"))
        end
        write("images", table.concat(lines, "\n"))
    end)
    if not good then write("images", "crashed: " .. tostring(problem)) end
end)
